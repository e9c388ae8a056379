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
    async *send_pieces({ want, maxPieces }) {
      for (const index of want.slice(0, maxPieces)) yield* pieceItems(manifest, bytes, index);
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
  return async function* ({ want }) {
    for (const item of pieceItems(manifest, bytes, want[0] ?? 0)) {
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
  return async function* ({ want }, { signal }) {
    const [opening] = pieceItems(manifest, bytes, want[0] ?? 0);
    if (opening !== undefined) yield opening;
    await untilAborted(signal);
  };
}

/** Sends one leaf after another with a pause before each, and calls `sent` after each piece. */
export function trickling(
  manifest: Manifest,
  bytes: Uint8Array,
  { pauseMs, sent }: { readonly pauseMs: number; readonly sent: () => void },
): SendPieces {
  return async function* ({ want }, { signal }) {
    for (const item of pieceItems(manifest, bytes, want[0] ?? 0)) {
      if (item.kind === 'piece') {
        yield item;
        continue;
      }
      for (let offset = 0; offset < item.data.length; offset += LEAF_BYTES) {
        await setTimeout(pauseMs, undefined, { signal });
        yield { kind: 'block', offset, data: item.data.subarray(offset, offset + LEAF_BYTES) };
      }
    }
    sent();
  };
}

/** Breaks the connection in the middle of a piece. */
export function vanishing(manifest: Manifest, bytes: Uint8Array): SendPieces {
  return async function* ({ want }, { connection }: HandlerContext) {
    const [opening] = pieceItems(manifest, bytes, want[0] ?? 0);
    if (opening !== undefined) yield opening;
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
  return async function* ({ want }) {
    const [opening, block] = pieceItems(manifest, bytes, want[0] ?? 0);
    if (opening === undefined || block === undefined || block.kind !== 'block') return;
    try {
      yield opening;
      for (;;) yield { ...block, data: block.data.subarray(0, LEAF_BYTES) };
    } finally {
      ended();
    }
  };
}

function pieceItems(manifest: Manifest, bytes: Uint8Array, index: number): PieceItem[] {
  const layout = createPieceLayout(manifest);
  const start = layout.pieceOffset(index);
  const data = bytes.subarray(start, start + layout.pieceSize(index));
  return [
    { kind: 'piece', index, leafHashes: hashLeaves(data) },
    { kind: 'block', offset: 0, data },
  ];
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
