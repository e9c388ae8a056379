/**
 * What a failed call to a tracker means for the call: whether it is over, or another tracker, or another try, may do it.
 *
 * Another try is always safe: whatever changes something carries a request id, which stays the same, and a tracker that
 * has done it already answers as it did then.
 */
import { RpcError } from '@minitorrent/rpc-core';

/**
 * `final`: the tracker decided. `elsewhere`: another tracker that is there now may do better; where there is none, this is
 * the answer. `again`: somebody will do better, this one perhaps, in a moment.
 */
export type Verdict = 'final' | 'elsewhere' | 'again';

/** How the call was asked. */
export interface CallCircumstances {
  /** The tracker answers from what it has, and asks no other one. */
  readonly isRead: boolean;
  /** It said that it may be stale. */
  readonly isStale: boolean;
}

export function judgeFailure(error: unknown, { isRead, isStale }: CallCircumstances): Verdict {
  if (!(error instanceof RpcError)) return 'final';
  if (!error.remote) return LOST.has(error.code) ? 'again' : 'final';
  if (UNDECIDED.has(error.code)) return 'again';
  if (UNABLE.has(error.code)) return 'elsewhere';
  // What a backup does not know yet, the primary may.
  return isRead && isStale ? 'elsewhere' : 'final';
}

/** The connection failed, and not the call. */
const LOST: ReadonlySet<string> = new Set(['connection_lost', 'closed']);

/** Of several trackers none, or another one, decides now; or nobody knows whether it was done. */
const UNDECIDED: ReadonlySet<string> = new Set(['not_primary', 'no_primary', 'unconfirmed']);

/** This tracker does not work any more. */
const UNABLE: ReadonlySet<string> = new Set([
  'closed',
  'foreign_data',
  'journal_failed',
  'read_only',
  'store_copied',
]);
