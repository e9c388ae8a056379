/**
 * What hashing threads are asked, and what they answer.
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

/** A segment of a file that the asking thread has open; the answer is `SegmentHashes`. */
export interface SegmentRequest {
  readonly kind: 'segment';
  readonly descriptor: number;
  readonly job: SegmentJob;
}

/** A block whose memory moves to the hashing thread, and back with the answer. */
export interface BlockRequest {
  readonly kind: 'block';
  readonly memory: ArrayBuffer;
  /** Where in `memory` the block is. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** The hashes of a block's leaves, 32 bytes each, and its memory. */
export interface BlockHashes {
  readonly memory: ArrayBuffer;
  readonly leafHashes: Uint8Array;
}

export type HashRequest = SegmentRequest | BlockRequest;

/** A request by its number. */
export interface NumberedRequest {
  readonly id: number;
  readonly request: HashRequest;
}

/** The answer, or what went wrong: of an error itself only name, message and stack would reach the other thread. */
export type HashReply = { readonly id: number } & (
  | { readonly answer: SegmentHashes | BlockHashes }
  | { readonly failure: { readonly message: string; readonly code: unknown } }
);
