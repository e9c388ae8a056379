/**
 * What every store refuses before it touches its bytes.
 */
import { StoreError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { VerifiedPiece } from './piece-assembler.ts';
import type { PieceLayout } from './piece-layout.ts';

/** Throws RangeError unless the block lies inside the piece. */
export function checkBlock(layout: PieceLayout, index: number, offset: number, length: number): void {
  const size = layout.pieceSize(index);
  const isInside = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
  if (isInside && offset + length <= size) return;
  throw new RangeError(
    `Cannot read ${length} bytes at ${offset} of piece ${index}, expected a block of its ${size} bytes`,
  );
}

/** Throws RangeError unless `length` bytes fit into `target`, where there is one. */
export function checkTarget(target: Uint8Array | undefined, length: number): void {
  if (target === undefined || target.length >= length) return;
  throw new RangeError(`Cannot read ${length} bytes into ${target.length}`);
}

/** Fails with `wrong_file` unless the piece was verified against the same root and cut; TypeError if it was not at all. */
export function checkPiece(manifest: Manifest, piece: VerifiedPiece): void {
  if (!(piece instanceof VerifiedPiece))
    throw new TypeError('Cannot write a piece that no verifier has made');
  const from = piece.manifest;
  if (from === manifest) return;
  const isSame = from.size === manifest.size && from.pieceLength === manifest.pieceLength;
  if (isSame && from.root.every((byte, place) => byte === manifest.root[place])) return;
  throw new StoreError('wrong_file', `Cannot write piece ${piece.index}: it belongs to another file`, {
    piece: piece.index,
  });
}
