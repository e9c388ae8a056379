/**
 * Where the pieces and leaves of a file lie: arithmetic only, in numbers that stay exact far beyond 4 GiB.
 *
 * A file is cut into pieces of `pieceLength` bytes, and each piece into leaves of 16 KiB; only the last piece and the
 * last leaf of the file may be shorter. An empty file has no piece at all. It knows nothing of hashes or disks.
 */
import { StoreError } from './errors.ts';
import {
  LEAF_BYTES,
  MAX_PIECE_COUNT,
  MAX_PIECE_LENGTH,
  MIN_PIECE_LENGTH,
  WANTED_PIECE_COUNT,
} from './limits.ts';

/** The cut of one file. Methods throw RangeError for a piece or leaf that does not exist. */
export interface PieceLayout {
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of every piece but the last. */
  readonly pieceLength: number;
  /** Pieces of the file; 0 for an empty file. */
  readonly pieceCount: number;
  /** Leaves of the whole file. */
  readonly leafCount: number;
  /** Leaves of every piece but the last. */
  readonly leavesPerPiece: number;
  /**
   * Leaves, padding included, under a piece's entry in the piece layer. `leavesPerPiece`, but in a file of one piece,
   * where the tree is only as high as that file needs (BEP 52).
   */
  readonly pieceTreeWidth: number;
  /** First byte of the piece in the file. */
  pieceOffset(index: number): number;
  /** Bytes in the piece. */
  pieceSize(index: number): number;
  /** Index in the whole file of the piece's first leaf. */
  firstLeaf(index: number): number;
  /** Leaves in the piece. */
  leavesIn(index: number): number;
  /** Bytes in leaf `leaf` of piece `index`. */
  leafSize(index: number, leaf: number): number;
}

/** Cuts a file. Fails with `bad_layout` beyond the limits. */
export function createPieceLayout(file: {
  readonly size: number;
  readonly pieceLength: number;
}): PieceLayout {
  const { size, pieceLength } = file;
  checkLayout(size, pieceLength);
  const pieceCount = Math.ceil(size / pieceLength);
  const leafCount = Math.ceil(size / LEAF_BYTES);
  const leavesPerPiece = pieceLength / LEAF_BYTES;

  const check = (index: number): number => checkIndex('piece', index, pieceCount);
  const pieceOffset = (index: number): number => check(index) * pieceLength;
  const pieceSize = (index: number): number => Math.min(pieceLength, size - pieceOffset(index));
  const leavesIn = (index: number): number => Math.ceil(pieceSize(index) / LEAF_BYTES);
  return {
    size,
    pieceLength,
    pieceCount,
    leafCount,
    leavesPerPiece,
    pieceTreeWidth: pieceCount === 1 ? nextPowerOfTwo(leafCount) : leavesPerPiece,
    pieceOffset,
    pieceSize,
    firstLeaf: (index) => check(index) * leavesPerPiece,
    leavesIn,
    leafSize: (index, leaf) =>
      Math.min(LEAF_BYTES, pieceSize(index) - checkIndex('leaf', leaf, leavesIn(index)) * LEAF_BYTES),
  };
}

/**
 * The piece length that a new manifest gets: the largest power of two that still cuts the file into 400 pieces, so that
 * a swarm has something to spread, kept between 64 KiB and 4 MiB. More pieces would bring a swarm of a hundred half a percent
 * closer to the bound, and cost twice the calls.
 */
export function choosePieceLength(size: number): number {
  let pieceLength = MIN_PIECE_LENGTH;
  while (pieceLength < MAX_PIECE_LENGTH && Math.ceil(size / (pieceLength * 2)) >= WANTED_PIECE_COUNT) {
    pieceLength *= 2;
  }
  return pieceLength;
}

/** The smallest power of two that is at least `value`; 1 for 0. */
export function nextPowerOfTwo(value: number): number {
  let power = 1;
  while (power < value) power *= 2;
  return power;
}

function checkLayout(size: number, pieceLength: number): void {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new StoreError(
      'bad_layout',
      `Cannot cut a file of ${size} bytes, expected a whole number of 0 or more`,
    );
  }
  if (!isPieceLength(pieceLength)) {
    throw new StoreError(
      'bad_layout',
      `Cannot cut pieces of ${pieceLength} bytes, expected a power of two from ${MIN_PIECE_LENGTH} to ${MAX_PIECE_LENGTH}`,
    );
  }
  if (size > pieceLength * MAX_PIECE_COUNT) {
    throw new StoreError(
      'bad_layout',
      `Cannot cut ${size} bytes into pieces of ${pieceLength}, expected at most ${MAX_PIECE_COUNT} pieces`,
    );
  }
}

function isPieceLength(value: number): boolean {
  return value >= MIN_PIECE_LENGTH && value <= MAX_PIECE_LENGTH && nextPowerOfTwo(value) === value;
}

function checkIndex(what: 'piece' | 'leaf', index: number, count: number): number {
  if (Number.isInteger(index) && index >= 0 && index < count) return index;
  throw new RangeError(`Cannot find ${what} ${index}, expected a whole number below ${count}`);
}
