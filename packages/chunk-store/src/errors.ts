/**
 * The one error of this package. Callers branch on `code`, which is never renamed; the message is for people.
 * Mistakes of the programmer (an index out of range, a call with the wrong type) are RangeError and TypeError instead.
 */

/** Why a store, a manifest or a verifier refused. */
export type StoreErrorCode =
  /** A name that must not reach a file system; `reason` is its `NameProblem`, or `working_file`. */
  | 'bad_name'
  /** Size or piece length outside the limits, or more pieces than allowed. */
  | 'bad_layout'
  /** A bitfield of the wrong length, or with bits set beyond the last piece. */
  | 'bad_bitfield'
  /** Bytes, leaf hashes or a piece layer of the wrong length. */
  | 'bad_length'
  /** Bytes that do not hash to what was promised; `piece` and `leaf` say where. */
  | 'hash_mismatch'
  /** A verified piece of another file. */
  | 'wrong_file'
  /** The piece is not here. */
  | 'missing_piece'
  /** The piece was here, and what is on disk no longer hashes to it; it counts as missing from now on. */
  | 'corrupt_piece'
  /** Not every piece is here. */
  | 'incomplete'
  /** The shared file on disk is no longer the one that was hashed. */
  | 'source_changed'
  /** No space, quota or file size left; everything verified before is kept. */
  | 'disk_full'
  /** Another store, here or in another process, has the download open. */
  | 'locked'
  /** A file of the final name is there already. */
  | 'already_exists'
  /** There is no such file or folder. */
  | 'not_found'
  /** Not a regular file where one is needed: a folder, a device, a symbolic link below the chosen folder. */
  | 'not_a_file'
  /** The store was closed. */
  | 'closed'
  /** The operating system refused; `cause` is its error. */
  | 'io_failed';

/** Where it happened, as far as it is known. */
export interface StoreErrorContext {
  readonly cause?: unknown;
  /** Index of the piece in the file. */
  readonly piece?: number;
  /** Index of the leaf in its piece. */
  readonly leaf?: number;
  /** A finer code, such as the `NameProblem`. */
  readonly reason?: string;
  /** The path on this machine. Not for the other side of a connection. */
  readonly path?: string;
}

/** A failure with a stable `code`. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  readonly code: StoreErrorCode;
  readonly piece: number | undefined;
  readonly leaf: number | undefined;
  readonly reason: string | undefined;
  readonly path: string | undefined;

  constructor(code: StoreErrorCode, message: string, context: StoreErrorContext = {}) {
    super(message, 'cause' in context ? { cause: context.cause } : undefined);
    this.code = code;
    this.piece = context.piece;
    this.leaf = context.leaf;
    this.reason = context.reason;
    this.path = context.path;
  }
}
