/**
 * The interface that every store of pieces meets, whatever keeps the bytes.
 *
 * A store never sees unverified data: it accepts `VerifiedPiece`, which only a verifier can make. It knows nothing of
 * peers or networks. Its contract suite is published under `@minitorrent/chunk-store/contract-tests`.
 */
import type { Bitfield } from './bitfield.ts';
import type { Manifest } from './manifest.ts';
import type { VerifiedPiece } from './piece-assembler.ts';
import type { PieceLayout } from './piece-layout.ts';

export interface StoreCallOptions {
  readonly signal?: AbortSignal;
}

export interface ReadBlockOptions extends StoreCallOptions {
  /** Memory to read into, of the block's length or more; fresh memory unless given. */
  readonly into?: Uint8Array;
}

/** One file as verified pieces. All methods fail with `closed` after `close`. */
export interface ChunkStore extends AsyncDisposable {
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  /**
   * Which pieces are here and verified. Live: it changes with every `writePiece`, and loses what a failed read or sync
   * shows to be gone. Read only.
   */
  readonly have: Pick<
    Bitfield,
    'has' | 'count' | 'length' | 'isComplete' | 'toBytes' | 'indices' | 'missing'
  >;
  /**
   * Reads `length` bytes at `offset` bytes into piece `index`.
   * The bytes belong to the caller, and are the first of `into` where that is given. Fails with `missing_piece` where the piece is not here, `source_changed` where the file
   * on disk is no longer the one shared, `corrupt_piece` where it no longer holds the piece.
   */
  readBlock(index: number, offset: number, length: number, options?: ReadBlockOptions): Promise<Uint8Array>;
  /**
   * The SHA-256 hashes of the piece's 16 KiB leaves, 32 bytes each, which hash to the piece's entry in the piece layer. Not to
   * be changed: whoever asks next may get the same bytes.
   */
  readLeafHashes(index: number, options?: StoreCallOptions): Promise<Uint8Array>;
  /**
   * Stores one piece at its place; its bytes may be reused when this settles. Writing a piece that is here already changes
   * nothing. Fails with `wrong_file` for a piece of another file; `disk_full` loses nothing verified.
   */
  writePiece(piece: VerifiedPiece, options?: StoreCallOptions): Promise<void>;
  /** Makes all that was written durable, and the record of it. */
  flush(): Promise<void>;
  /** With every piece here: syncs and moves the file to its final name. Fails with `incomplete` otherwise. Idempotent. */
  complete(): Promise<void>;
  close(): Promise<void>;
}
