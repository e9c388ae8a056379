/**
 * Gets the piece layer of a file from a peer, page by page, and checks it against the root.
 *
 * Any peer may send it: a layer that does not hash to the root is refused and the next peer is asked. A file of one
 * piece or none needs no peer, because its root says all.
 */
import {
  createPieceLayout,
  type FileDescriptor,
  HASH_BYTES,
  type Manifest,
  verifyPieceLayer,
} from '@minitorrent/chunk-store';
import type { Client } from '@minitorrent/rpc-core';
import { brokenAnswer } from '../broken-answer.ts';
import type { peerContract } from '../contract.ts';
import { PEER_MESSAGE_LIMITS } from '../message-limits.ts';

const HASHES_PER_PAGE = PEER_MESSAGE_LIMITS.layerBytes / HASH_BYTES;

/** The manifest of a file whose layer follows from its descriptor: at most one piece; undefined for a longer one. */
export function manifestOfShortFile(file: FileDescriptor): Manifest | undefined {
  const { pieceCount } = createPieceLayout(file);
  if (pieceCount > 1) return undefined;
  return verifyPieceLayer(file, pieceCount === 0 ? new Uint8Array(0) : file.root);
}

/** Fails with a `StoreError` for a layer that is not the file's, and with what the peer or the connection reports. */
export async function fetchPieceLayer(
  client: Client<typeof peerContract>,
  groupId: string,
  file: FileDescriptor,
  signal: AbortSignal,
): Promise<Manifest> {
  const { pieceCount } = createPieceLayout(file);
  const pieceLayer = new Uint8Array(pieceCount * HASH_BYTES);
  for (let first = 0; first < pieceCount; first += HASHES_PER_PAGE) {
    const count = Math.min(HASHES_PER_PAGE, pieceCount - first);
    const request = { groupId, root: file.root, first, count };
    const { hashes } = await client.send_piece_layer(request, { signal, timeoutMs: PAGE_TIMEOUT_MS });
    if (hashes.length !== count * HASH_BYTES) throw wrongCount(hashes.length / HASH_BYTES, count);
    pieceLayer.set(hashes, first * HASH_BYTES);
  }
  return verifyPieceLayer(file, pieceLayer);
}

/** A page is 32 KiB: a peer that needs longer is no source. */
const PAGE_TIMEOUT_MS = 10_000;

function wrongCount(current: number, wanted: number): Error {
  return brokenAnswer('send_piece_layer', `a page of ${current} piece hashes, expected ${wanted}`);
}
