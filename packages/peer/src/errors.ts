/**
 * The errors of a peer. Codes are stable and listed in `PROTOCOL.md`.
 */

/** What can go wrong at a peer, apart from what stores, trackers and connections report under their own codes. */
export type PeerErrorCode =
  | 'already_logged_in'
  /** The code of an invitation was copied wrong. */
  | 'bad_invitation'
  | 'bad_name'
  /** A file on a group's list that no device of its sharer signed: a tracker may have made it up. */
  | 'bad_signature'
  /** Too many let one another in before this device. */
  | 'limit_reached'
  /** Nothing lets this device into the group. */
  | 'not_admitted'
  | 'not_logged_in'
  /** The user was removed from the group, or left it on another device. */
  | 'removed_from_group'
  /** An invitation of the user's own, or of whom the user let in. */
  | 'own_invitation'
  | 'tracker_unreachable'
  | 'unknown_request'
  /** Without a tracker: it is not the password with which the user logged in last on this device. */
  | 'wrong_password'
  | 'not_a_file'
  | 'file_not_found'
  | 'wrong_size'
  | 'already_downloading'
  | 'already_here'
  | 'not_shared_here'
  | 'no_description'
  | 'data_folder_in_use'
  | 'cancelled'
  | 'connect_timeout'
  /** A tracker says that the group has another founder than the one that this device knows. */
  | 'wrong_group_key'
  | 'closed';

/** An error with a stable code; the message says action, current value and wanted value. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: PeerErrorCode;

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
