/**
 * What a segment hasher and its worker threads say to each other.
 */

/** Consecutive whole pieces of a file; only the last one of the file may be short. */
export interface SegmentJob {
  /** First byte in the file. */
  readonly position: number;
  /** Bytes to hash. */
  readonly size: number;
  readonly pieceLength: number;
  /** `PieceLayout.pieceTreeWidth`. */
  readonly pieceTreeWidth: number;
}

/** What a segment hashes to. */
export interface SegmentHashes {
  /** Bytes that were there: less than asked where the file ends early, and then the hashes mean nothing. */
  readonly size: number;
  /** 32 bytes for each leaf. */
  readonly leafHashes: Uint8Array;
  /** 32 bytes for each piece. */
  readonly pieceHashes: Uint8Array;
}

/** A job by its number, on a file that the asking thread has open. */
export interface HashRequest {
  readonly id: number;
  readonly descriptor: number;
  readonly job: SegmentJob;
}

/** The hashes, or what went wrong: of an error itself only name, message and stack would reach the other thread. */
export type HashReply = { readonly id: number } & (
  | { readonly hashes: SegmentHashes }
  | { readonly failure: { readonly message: string; readonly code: unknown } }
);
