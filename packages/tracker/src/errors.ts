/**
 * The one error class of this package.
 *
 * A code is part of the protocol: it travels as the code of an `RpcError`, is listed in `PROTOCOL.md` and is never
 * renamed. A message is for the person at the other end: what was tried, why not, and what to do next. It never
 * contains a password or a hash of one.
 */

/** Why a tracker refused or failed, by the part that says so. */
export type TrackerErrorCode =
  | AccountErrorCode
  | GroupErrorCode
  | FileErrorCode
  | LoadErrorCode
  | JournalErrorCode
  | ClusterErrorCode
  | RegisterErrorCode;

export type AccountErrorCode =
  | 'already_logged_in'
  | 'device_revoked'
  | 'not_logged_in'
  | 'too_many_attempts'
  | 'unknown_device'
  | 'user_exists'
  | 'weak_password'
  | 'wrong_device'
  | 'wrong_password';

export type GroupErrorCode =
  | 'already_member'
  /** A proof of membership that is not sound, or not of whom it has to be. */
  | 'bad_proof'
  /** Who is in it, since the proofs were made. */
  | 'group_changed'
  | 'group_exists'
  | 'invitation_expired'
  | 'join_refused'
  | 'last_admin'
  /** Nothing lets the device that asks into the group, or not as an admin's. */
  | 'not_admitted'
  | 'not_a_member'
  | 'not_an_admin'
  | 'unknown_group'
  | 'unknown_invitation'
  | 'unknown_request';

export type FileErrorCode = 'bad_signature' | 'file_exists' | 'not_the_sharer' | 'unknown_file';

/** Too much at once, or something that this caller may never do. */
export type LoadErrorCode = 'busy' | 'limit_reached' | 'not_allowed' | 'rate_limited' | 'request_id_reused';

/** The tracker itself is not able: `closed` and `locked` concern the process, the others its journal. */
export type JournalErrorCode =
  | 'closed'
  | 'compacted'
  | 'diverged'
  | 'journal_corrupt'
  | 'journal_failed'
  | 'locked'
  | 'read_only'
  /** A backup or a restore would replace what is there. */
  | 'target_exists'
  | 'unconfirmed';

/** About several trackers as one: who decides, and who belongs together. */
export type ClusterErrorCode =
  /** The data folder has data that was not made in this cluster, and following its primary would replace it. */
  | 'foreign_data'
  /** No tracker decides changes now. */
  | 'no_primary'
  /** Another tracker has to be asked. */
  | 'not_primary'
  /** Another tracker runs on a copy of the data folder: each would take the other for itself. */
  | 'store_copied'
  | 'wrong_cluster';

/** About the register that a witness keeps. */
export type RegisterErrorCode =
  /** It was never made here. */
  | 'no_register'
  | 'register_corrupt'
  | 'register_exists'
  /** It cannot be read or written now. */
  | 'register_failed'
  | 'register_too_new';

export class TrackerError extends Error {
  override readonly name: string = 'TrackerError';
  readonly code: TrackerErrorCode;

  constructor(code: TrackerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** True for an error of this class, with one of `codes` when any are named. */
export function isTrackerError(error: unknown, ...codes: readonly TrackerErrorCode[]): error is TrackerError {
  return error instanceof TrackerError && (codes.length === 0 || codes.includes(error.code));
}

/** What `error` says, for a sentence that names the cause. */
export function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
