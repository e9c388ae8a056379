/**
 * Peers that break the rules, each in one way, as handlers of the peer contract.
 */
import { setTimeout } from 'node:timers/promises';
import { createPieceLayout, hashLeaves, LEAF_BYTES, type Manifest } from '@minitorrent/chunk-store';
import { type HandlerContext, type Handlers, RpcError } from '@minitorrent/rpc-core';
import type { PieceItem, peerContract } from '../../src/contract.ts';

type PeerHandlers = Handlers<typeof peerContract>;
type SendPieces = PeerHandlers['send_pieces'];

/** A peer that has the whole file and behaves; `changes` replace what it does. */
export function honest(
  manifest: Manifest,
  bytes: Uint8Array,
  changes: Partial<PeerHandlers> = {},
): PeerHandlers {
  const layout = createPieceLayout(manifest);
  return {
    present_membership: unproven,
    async *send_piece_info(_request, { signal }) {
      yield { kind: 'all', pieces: layout.pieceCount, bitfield: fullBitfield(layout.pieceCount) };
      await untilAborted(signal);
    },
    send_piece_layer: async ({ first, count }) => ({
      hashes: manifest.pieceLayer.subarray(32 * first, 32 * (first + count)),
    }),
    async *send_pieces(request) {
      for (const index of request.want.slice(0, request.maxPieces))
        yield* pieceItems({ manifest, bytes }, request, index);
    },
    ...changes,
  };
}

/** A peer that cannot prove anything. */
export const unproven: PeerHandlers['present_membership'] = async () => {
  throw new RpcError('not_admitted', 'Cannot prove any membership');
};

/** Sends the right leaf hashes, and data in which one bit is wrong. */
export function corrupting(manifest: Manifest, bytes: Uint8Array): SendPieces {
  return async function* (request) {
    for (const item of pieceItems({ manifest, bytes }, request)) {
      if (item.kind === 'piece') {
        yield item;
        continue;
      }
      // Not `slice`: of a Buffer it is a view.
      const data = Uint8Array.from(item.data);
      data[7] = (data[7] ?? 0) ^ 1;
      yield { ...item, data };
    }
  };
}

/** Makes up leaf hashes that fit its data, but not the file. */
export function forging(manifest: Manifest): SendPieces {
  return async function* ({ want }) {
    const index = want[0] ?? 0;
    const data = new Uint8Array(createPieceLayout(manifest).pieceSize(index)).fill(0x66);
    yield { kind: 'piece', index, leafHashes: hashLeaves(data) };
    yield { kind: 'block', offset: 0, data };
  };
}

/** Opens a piece and says no more. */
export function fallingSilent(manifest: Manifest, bytes: Uint8Array): SendPieces {
  return async function* (request, { signal }) {
    const [opening] = pieceItems({ manifest, bytes }, request);
    yield opening;
    await untilAborted(signal);
  };
}

/** Sends one leaf after another with a pause before each, and calls `sent` after each piece. */
export function trickling(
  manifest: Manifest,
  bytes: Uint8Array,
  { pauseMs, sent }: { readonly pauseMs: number; readonly sent: () => void },
): SendPieces {
  return async function* (request, { signal }) {
    for (const item of pieceItems({ manifest, bytes }, request)) {
      if (item.kind === 'piece') {
        yield item;
        continue;
      }
      for (const leaf of inLeaves(item)) {
        await setTimeout(pauseMs, undefined, { signal });
        yield leaf;
      }
    }
    sent();
  };
}

/** Breaks the connection in the middle of a piece. */
export function vanishing(manifest: Manifest, bytes: Uint8Array): SendPieces {
  return async function* (request, { connection }: HandlerContext) {
    const [opening] = pieceItems({ manifest, bytes }, request);
    yield opening;
    connection.abort();
  };
}

/** Announces every piece and sends none, with `code` as its reason. */
export function denying(code = 'missing_piece'): SendPieces {
  // biome-ignore lint/correctness/useYield: an answer that fails before its first item
  return async function* () {
    throw new RpcError(code, 'Cannot send any of the pieces wanted');
  };
}

/** Sends the first block of a piece for ever, and calls `ended` when nobody wants it any more. */
export function repeating(manifest: Manifest, bytes: Uint8Array, ended: () => void): SendPieces {
  return async function* (request) {
    const [opening, block] = pieceItems({ manifest, bytes }, request);
    try {
      yield opening;
      for (;;) yield { ...block, data: block.data.subarray(0, LEAF_BYTES) };
    } finally {
      ended();
    }
  };
}

type Block = Extract<PieceItem, { readonly kind: 'block' }>;
type Piece = Extract<PieceItem, { readonly kind: 'piece' }>;

/** What is asked for of the piece, of the first one unless given: its opening, and all the rest in one block. */
export function pieceItems(
  { manifest, bytes }: { readonly manifest: Manifest; readonly bytes: Uint8Array },
  { want, begun }: Pick<Parameters<SendPieces>[0], 'want' | 'begun'>,
  index: number = want[0] ?? 0,
): [Piece, Block] {
  const layout = createPieceLayout(manifest);
  const start = layout.pieceOffset(index);
  const data = bytes.subarray(start, start + layout.pieceSize(index));
  const offset = LEAF_BYTES * (begun.find((piece) => piece.index === index)?.fromLeaf ?? 0);
  return [
    { kind: 'piece', index, leafHashes: hashLeaves(data) },
    { kind: 'block', offset, data: data.subarray(offset) },
  ];
}

/** The same bytes, a leaf in each block. */
export function inLeaves({ offset, data }: Block): Block[] {
  const leaves: Block[] = [];
  for (let place = 0; place < data.length; place += LEAF_BYTES)
    leaves.push({ kind: 'block', offset: offset + place, data: data.subarray(place, place + LEAF_BYTES) });
  return leaves;
}

function fullBitfield(pieces: number): Uint8Array {
  const bitfield = new Uint8Array(Math.ceil(pieces / 8)).fill(0xff);
  const spare = bitfield.length * 8 - pieces;
  if (bitfield.length > 0) bitfield[bitfield.length - 1] = (0xff << spare) & 0xff;
  return bitfield;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}
