/**
 * Whether a tracker can do what it is there for, for probes and load balancers. Pure.
 */
import type { TrackerStats, TrackerStatus } from '@minitorrent/tracker';
import { messageOf } from '../failure.ts';

/** What a tracker says of itself. */
export interface TrackerView {
  readonly status: TrackerStatus;
  readonly stats: TrackerStats;
}

/** What a tracker is among its kind; `starting` and `silent` where it cannot say. */
export type TrackerRole = TrackerStatus['role'] | 'starting' | 'silent';

/** What `/readyz` answers. */
export interface Health {
  readonly isReady: boolean;
  readonly role: TrackerRole;
  /** Why it is what it is; null where there is nothing to say. */
  readonly reason: string | null;
}

/** The journal is being replayed, which takes a while where it is long. */
export const STARTING: Health = { isReady: false, role: 'starting', reason: 'The journal is being read' };

/** It was asked and did not answer in time. */
export const SILENT: Health = {
  isReady: false,
  role: 'silent',
  reason: 'The tracker does not answer: its disk or its database is stuck, or it is overloaded',
};

/** These serve all that peers ask for; a backup passes changes on. */
const READY: ReadonlySet<TrackerRole> = new Set<TrackerRole>(['alone', 'shared', 'primary', 'backup']);

/** Why a journal is of no use, by the mode of the ledger. */
const DEFECTS: { readonly [Mode in TrackerStats['mode']]?: string } = {
  read_only: 'The journal cannot be written: only reads are served',
  failed: 'The journal cannot be written or read',
  closed: 'The tracker is closing',
};

/** What a tracker says of itself, judged. */
export function judgeTracker({ status, stats }: TrackerView): Health {
  const defect = DEFECTS[stats.mode];
  if (defect !== undefined) return { isReady: false, role: 'failed', reason: defect };
  const { role, reason } = status;
  return { isReady: READY.has(role), role, reason: reason === '' ? null : reason };
}

/** It was asked and failed to say how it stands. */
export function judgeFailure(error: unknown): Health {
  return { isReady: false, role: 'failed', reason: messageOf(error) };
}
