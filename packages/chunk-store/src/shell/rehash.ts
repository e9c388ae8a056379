/**
 * Finds out which pieces of a partial file are good when no record says so: by hashing what is there. Holes, which are
 * most of a young download, are passed over unread, as they left no leaf hashes either.
 */
import type { Bitfield } from '../bitfield.ts';
import { HASH_BYTES } from '../limits.ts';
import { type Manifest, pieceHash } from '../manifest.ts';
import type { PieceLayout } from '../piece-layout.ts';
import type { FileHandle } from './file-system.ts';
import type { LeafSidecar } from './leaf-sidecar.ts';
import { type ScannedPieces, scanPieces } from './scan-pieces.ts';

/** What is looked through. */
export interface RehashOptions {
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  readonly path: string;
  readonly handle: FileHandle;
  readonly sidecar: LeafSidecar;
  /** The pieces that are good already; those that are found join them. */
  readonly have: Bitfield;
  /** The file's size as it was found; all behind that is new. */
  readonly writtenBytes: number;
  /** Worker threads for so many bytes. */
  readonly workersFor: (byteLength: number) => number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { hashedBytes: number; totalBytes: number }) => void) | undefined;
}

/** Hashes the pieces that are not in `have`, adds the good ones, keeps their leaf hashes, and gives their indices. */
export async function rehash(options: RehashOptions): Promise<readonly number[]> {
  const { manifest, layout, have, sidecar, path, handle, signal } = options;
  const pieces = await findCandidates(options);
  const totalBytes = pieces.reduce((sum, index) => sum + layout.pieceSize(index), 0);
  const found: number[] = [];
  let hashedBytes = 0;
  async function onPieces(scanned: ScannedPieces): Promise<void> {
    for (const index of goodPieces(manifest, scanned)) {
      await sidecar.keep(index, leavesOf(layout, scanned, index));
      have.set(index);
      found.push(index);
    }
    hashedBytes += scanned.size;
    options.onProgress?.({ hashedBytes, totalBytes });
  }
  await scanPieces({
    handle,
    path,
    layout,
    pieces,
    workers: options.workersFor(totalBytes),
    signal,
    onPieces,
  });
  return found;
}

/** The missing pieces that may be there: a piece is written together with its leaf hashes. */
async function findCandidates({
  layout,
  have,
  sidecar,
  writtenBytes,
  signal,
}: RehashOptions): Promise<number[]> {
  const candidates: number[] = [];
  for (const index of have.missing()) {
    if (layout.pieceOffset(index) >= writtenBytes) break;
    signal?.throwIfAborted();
    // A new sidecar tells nothing of any piece.
    if (sidecar.isNew || !isZero(await sidecar.read(index))) candidates.push(index);
  }
  return candidates;
}

function* goodPieces(
  manifest: Manifest,
  { firstPiece, pieceCount, pieceHashes }: ScannedPieces,
): Generator<number> {
  for (let place = 0; place < pieceCount; place += 1) {
    const current = pieceHashes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
    if (Buffer.compare(current, pieceHash(manifest, firstPiece + place)) === 0) yield firstPiece + place;
  }
}

function leavesOf(layout: PieceLayout, { firstPiece, leafHashes }: ScannedPieces, index: number): Uint8Array {
  const start = layout.firstLeaf(index) - layout.firstLeaf(firstPiece);
  return leafHashes.subarray(start * HASH_BYTES, (start + layout.leavesIn(index)) * HASH_BYTES);
}

/** Compares the bytes with themselves, one further on: a native loop, at the speed of memory. */
function isZero(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;
}
