/**
 * What the upload queue is told and what it wants done, and its limits: its whole boundary, as data.
 */
import type { PeerId, PiecesOf } from './swarm-events.ts';

declare const uploadIdBrand: unique symbol;
/** Names one `send_pieces` call that this peer serves; chosen by the shell, never used twice. */
export type UploadId = number & { readonly [uploadIdBrand]: true };

/** The upload numbered `value`. */
export function uploadId(value: number): UploadId {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Not an upload id: ${value}`);
  // The brand constructor: the check above is all that an upload id asks for.
  return value as UploadId;
}

export type UploadEvent =
  /**
   * A receiver asks for any `maxPieces` of `want`. `have` is the store's live set; `root` names the file. `copiesOf` is how many
   * copies of a piece a running download of the file knows of; without one nobody here knows of any.
   */
  | {
      readonly kind: 'requested';
      readonly uploadId: UploadId;
      readonly receiver: PeerId;
      readonly root: string;
      readonly want: readonly number[];
      readonly maxPieces: number;
      readonly have: PiecesOf;
      readonly copiesOf?: (index: number) => number;
    }
  /** This peer's own limit holds the next block of the piece back, until `block_sent`: nobody waits for the receiver. */
  | { readonly kind: 'held'; readonly uploadId: UploadId }
  /** The connection took a block of the piece being sent; with no bytes, one that was held goes now. */
  | { readonly kind: 'block_sent'; readonly uploadId: UploadId; readonly bytes: number }
  /** The connection took the last block of the piece. */
  | { readonly kind: 'piece_sent'; readonly uploadId: UploadId }
  /** The call is over before its end: cancelled, failed, connection gone. */
  | { readonly kind: 'ended'; readonly uploadId: UploadId }
  /** The file is not shared any more: what was counted for it is forgotten. Its calls are ended by the shell. */
  | { readonly kind: 'unshared'; readonly root: string }
  | { readonly kind: 'tick' };

export type UploadEffect =
  /** Send this piece on that call, then report `piece_sent`. */
  | { readonly kind: 'send_piece'; readonly uploadId: UploadId; readonly index: number }
  /** End the call in order: it has had its pieces, or nothing it wants is left. */
  | { readonly kind: 'end'; readonly uploadId: UploadId }
  /** Fail the call before anything was sent on it. */
  | { readonly kind: 'refuse'; readonly uploadId: UploadId; readonly code: 'busy' | 'missing_piece' }
  /** Fail the call: its receiver stopped reading in the middle of a piece. */
  | { readonly kind: 'abort'; readonly uploadId: UploadId; readonly code: 'stalled' }
  /** Send `tick` at this time. It comes before the last one asked for, which is not needed then. */
  | { readonly kind: 'wake_at'; readonly atMs: number };

/** The figures that an upload queue decides by, each with its reason. */
export interface UploadLimits {
  /**
   * Uploads at a time. Two, so that one slow reader does not leave the uplink idle; each further one makes every piece
   * arrive later and be passed on later.
   */
  readonly active: number;
  /**
   * Receivers whose requests are held, those being served included; others hear `busy`. Shallow on purpose: a request
   * that waits here is one that its receiver cannot place with a peer that has become free meanwhile.
   */
  readonly receivers: number;
  /** Requests held of one receiver: a call each, and a connection has 64. */
  readonly requestsPerReceiver: number;
  /** Receivers whose share is remembered while they have no request here. */
  readonly receiversRemembered: number;
  /**
   * An upload whose receiver takes nothing for this long gives its place to another. A second: what this peer itself holds
   * back does not count, and one place too many for a while costs less than one too few.
   */
  readonly stalledMs: number;
  /** After this without progress it is aborted. */
  readonly abortMs: number;
}

/** The defaults. */
export const UPLOAD_LIMITS: UploadLimits = {
  active: 2,
  receivers: 3,
  requestsPerReceiver: 32,
  receiversRemembered: 1_024,
  stalledMs: 1_000,
  abortMs: 30_000,
};
