/**
 * Reads and hashes pieces of an open file, in memory that does not grow with it: a few lanes, each of which takes the next
 * pieces, has them hashed and hands the hashes on. The manifest builder scans every piece with
 * it, a restarted download those that it cannot trust.
 */
import { StoreError } from '../errors.ts';
import { MAX_PIECE_LENGTH } from '../limits.ts';
import type { PieceLayout } from '../piece-layout.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle } from './file-system.ts';
import type { SegmentHashes } from './hash-messages.ts';
import { createSegmentHasher, type SegmentHasher } from './segment-hasher.ts';

/** Consecutive pieces that were hashed. */
export interface ScannedPieces extends SegmentHashes {
  readonly firstPiece: number;
  readonly pieceCount: number;
}

/** What is scanned. */
export interface ScanOptions {
  readonly handle: FileHandle;
  /** For messages. */
  readonly path: string;
  readonly layout: PieceLayout;
  /** Ascending indices of pieces. */
  readonly pieces: Iterable<number>;
  /** Worker threads; 0 hashes on the calling thread. */
  readonly workers: number;
  readonly signal?: AbortSignal | undefined;
  onPieces(scanned: ScannedPieces): Promise<void>;
}

/** Segments of less are not worth the way to a worker and back. */
const SEGMENT_BYTES = MAX_PIECE_LENGTH;

/** Scans the pieces. When it settles, for whatever reason, no read is running and no thread is alive. */
export async function scanPieces(options: ScanOptions): Promise<void> {
  await using hasher = createSegmentHasher(options.handle, options.workers);
  const segments = segmentsOf(options.layout, options.pieces);
  const lanes = Array.from({ length: hasher.lanes }, async () => {
    // A lane that fails ends the generator, and so the other lanes after their segment.
    for (const segment of segments) {
      options.signal?.throwIfAborted();
      await scanSegment(options, segment, hasher);
    }
  });
  // Every lane ends before the first failure is reported: nobody reads a handle that the caller closes then.
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
  options.signal?.throwIfAborted();
}

interface Segment {
  readonly firstPiece: number;
  readonly pieceCount: number;
}

/** Joins neighbours up to a segment's size. The generator is shared by the lanes: each takes what is next. */
function* segmentsOf(layout: PieceLayout, pieces: Iterable<number>): Generator<Segment, void, undefined> {
  const maxPieces = Math.max(1, SEGMENT_BYTES / layout.pieceLength);
  let firstPiece = 0;
  let pieceCount = 0;
  for (const piece of pieces) {
    if (pieceCount > 0 && (piece !== firstPiece + pieceCount || pieceCount === maxPieces)) {
      yield { firstPiece, pieceCount };
      pieceCount = 0;
    }
    if (pieceCount === 0) firstPiece = piece;
    pieceCount += 1;
  }
  if (pieceCount > 0) yield { firstPiece, pieceCount };
}

async function scanSegment(
  { path, layout, onPieces }: ScanOptions,
  { firstPiece, pieceCount }: Segment,
  hasher: SegmentHasher,
): Promise<void> {
  const { pieceLength, pieceTreeWidth } = layout;
  const position = layout.pieceOffset(firstPiece);
  const size = Math.min(pieceCount * pieceLength, layout.size - position);
  const hashes = await attempt('read', path, () =>
    hasher.hash({ position, size, pieceLength, pieceTreeWidth }),
  );
  if (hashes.size !== size) {
    const end = position + hashes.size;
    throw new StoreError(
      'source_changed',
      `Cannot read ${path}: it ends at ${end}, expected ${layout.size}`,
      { path },
    );
  }
  await onPieces({ firstPiece, pieceCount, ...hashes });
}
