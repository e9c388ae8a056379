/**
 * Members of a group gone bad, who have the file and do harm with it: each in one way, which is counted.
 *
 * What they are asked for beside that they answer as honest peers do, so that they are met.
 */
import { createPieceLayout, type Manifest } from '@minitorrent/chunk-store';
import type { Connection, Handlers } from '@minitorrent/rpc-core';
import { toHex } from '@minitorrent/tracker/contract';
import type { MembershipCard } from '../../src/admission.ts';
import type { PieceItem, peerContract } from '../../src/contract.ts';
import { denying, honest, inLeaves, pieceItems } from './rogues.ts';

type PeerHandlers = Handlers<typeof peerContract>;
type SendPieces = PeerHandlers['send_pieces'];

/** What one of them did, and to whom. */
export class Deeds {
  /** The devices to which it did its harm, in hexadecimal. */
  readonly victims = new Set<string>();
  readonly connections = new Set<Connection>();
  /** Calls for pieces that it took. */
  calls = 0;
  /** What it could send before it was stopped: leaves, or news. */
  sent = 0;
  /** Streams that it would never have ended. */
  begun = 0;
  ended = 0;
  readonly #met = Promise.withResolvers<void>();
  readonly #wanted: number;

  constructor(victims: number) {
    this.#wanted = victims;
  }

  /** Resolves when it has met so many. */
  get allMet(): Promise<void> {
    return this.#met.promise;
  }

  harm({ connection }: { readonly connection: Connection }): void {
    this.connections.add(connection);
    this.victims.add(toHex(connection.remote.remoteIdentity ?? new Uint8Array(0)));
    if (this.victims.size >= this.#wanted) this.#met.resolve();
  }
}

export interface Means {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  /** Its own. */
  readonly card: MembershipCard;
  /** Of another member. */
  readonly stolen: MembershipCard;
  /** Its own, and too old. */
  readonly stale: MembershipCard;
  readonly deeds: Deeds;
}

/** One way of doing harm. */
export type Plot = (means: Means) => Partial<PeerHandlers>;

/** The handlers of one who does that. */
export function badMember(plot: Plot, means: Means): PeerHandlers {
  const present_membership = async () => means.card;
  return honest(means.manifest, means.bytes, { present_membership, ...plot(means) });
}

/** The first leaf is wrong, and whatever follows. */
export const wrongBytes: Plot = (means) => ({
  send_pieces: oneByOne(means, (leaf) => leaf.map((byte) => byte ^ 1)),
});

/** Only the last leaf of each piece is wrong. */
export const wrongAtTheEnd: Plot = (means) => ({
  send_pieces: oneByOne(means, (leaf, isLast) => (isLast ? leaf.map((byte) => byte ^ 1) : leaf)),
});

/** Has everything, it says, and then has nothing. */
export const lyingBitfield: Plot = ({ deeds }) => ({ send_pieces: counted(deeds, denying()) });

/** A right piece, and its first leaf again and again; the last one may be short, so that more of them fit into a window. */
export const moreThanThePiece: Plot = (means) => ({
  send_pieces: endless(means, (leaves) => leaves, 0),
});

/** The first leaf of a piece for ever. */
export const oneLeafForEver: Plot = (means) => ({
  send_pieces: endless(means, (leaves) => leaves.slice(0, 1), 0),
});

/** News of what it has told already, without end; and no pieces. */
export const endlessNews: Plot = ({ manifest, deeds }) => ({
  async *send_piece_info(_request, context) {
    const { pieceCount } = createPieceLayout(manifest);
    const bitfield = new Uint8Array(Math.ceil(pieceCount / 8));
    deeds.begun += 1;
    deeds.harm(context);
    try {
      yield { kind: 'all', pieces: 0, bitfield };
      for (;;) {
        deeds.sent += 1;
        yield { kind: 'have', indices: Array.from({ length: pieceCount }, (_, index) => index) };
      }
    } finally {
      deeds.ended += 1;
    }
  },
  send_pieces: silence(deeds),
});

/** Takes every call and never answers. */
export const silent: Plot = ({ deeds }) => ({ send_pieces: counted(deeds, silence(deeds)) });

/** Shows the card of somebody else. */
export const replaying: Plot = ({ deeds, stolen }) => showing(deeds, stolen);

/** Shows a stamp that was good once. */
export const outdated: Plot = ({ deeds, stale }) => showing(deeds, stale);

function showing(deeds: Deeds, card: MembershipCard): Partial<PeerHandlers> {
  const told = (): never => {
    deeds.calls += 1;
    throw new Error('It was asked for something of the group');
  };
  return {
    present_membership: async (_request, context) => {
      deeds.harm(context);
      return card;
    },
    send_piece_info: told,
    send_piece_layer: told,
    send_pieces: told,
  };
}

function counted(deeds: Deeds, handler: SendPieces): SendPieces {
  return (request, context) => {
    deeds.calls += 1;
    deeds.harm(context);
    return handler(request, context);
  };
}

function silence(deeds: Deeds): SendPieces {
  return async function* (_request, { signal }) {
    deeds.begun += 1;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    deeds.ended += 1;
  };
}

function oneByOne(means: Means, change: (leaf: Uint8Array, isLast: boolean) => Uint8Array): SendPieces {
  const { deeds } = means;
  return counted(deeds, async function* (request) {
    const [opening, block] = pieceItems(means, request);
    const leaves = inLeaves(block);
    yield opening;
    for (const [place, { offset, data }] of leaves.entries()) {
      deeds.sent += 1;
      const isLast = place === leaves.length - 1;
      yield { kind: 'block', offset, data: change(Uint8Array.from(data), isLast) };
    }
  });
}

/** Sends some leaves, and then that at `again` without end. */
function endless(
  means: Means,
  choose: (leaves: readonly Leaf[]) => readonly Leaf[],
  again: number,
): SendPieces {
  const { deeds } = means;
  return counted(deeds, async function* (request) {
    const [opening, block] = pieceItems(means, request);
    const leaves = inLeaves(block);
    deeds.begun += 1;
    try {
      yield opening;
      yield* choose(leaves);
      const repeated = leaves.at(again);
      for (; repeated !== undefined; deeds.sent += 1) yield repeated;
    } finally {
      deeds.ended += 1;
    }
  });
}

type Leaf = Extract<PieceItem, { readonly kind: 'block' }>;
