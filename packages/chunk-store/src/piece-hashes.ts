/**
 * From the leaf hashes of consecutive pieces to their entries in the piece layer.
 */
import { HASH_BYTES, LEAF_BYTES } from './limits.ts';
import { merkleRoot } from './merkle-tree.ts';
import type { PieceLayout } from './piece-layout.ts';

/** The hash of each piece, 32 bytes each, from the hashes of all leaves of some consecutive whole pieces. */
export function hashPieces(
  leafHashes: Uint8Array,
  { pieceLength, pieceTreeWidth }: Pick<PieceLayout, 'pieceLength' | 'pieceTreeWidth'>,
): Uint8Array {
  const stride = (pieceLength / LEAF_BYTES) * HASH_BYTES;
  const pieceCount = Math.ceil(leafHashes.length / stride);
  const hashes = new Uint8Array(pieceCount * HASH_BYTES);
  for (let piece = 0; piece < pieceCount; piece += 1) {
    const leaves = leafHashes.subarray(piece * stride, (piece + 1) * stride);
    hashes.set(merkleRoot(leaves, { width: pieceTreeWidth }), piece * HASH_BYTES);
  }
  return hashes;
}
