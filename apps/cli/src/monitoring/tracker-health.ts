/**
 * Whether a tracker can do what it is there for, for probes and load balancers. Pure.
 */
import type { TrackerStats } from '@minitorrent/tracker';
import { messageOf } from '../failure.ts';

/** What a tracker is among its kind; `starting` and `silent` where it cannot say. */
export const TRACKER_ROLES = ['starting', 'silent', 'alone', 'backup', 'failed'] as const;

export type TrackerRole = (typeof TRACKER_ROLES)[number];

/** What `/readyz` answers. */
export interface Health {
  readonly isReady: boolean;
  readonly role: TrackerRole;
  /** Why it is not ready, or what limits it; null where there is nothing to say. */
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

/** It was asked and failed to say how it stands. */
export function judgeFailure(error: unknown): Health {
  return { isReady: false, role: 'failed', reason: messageOf(error) };
}

/** What the figures of a tracker mean. */
export function judgeTracker({ mode }: Pick<TrackerStats, 'mode'>): Health {
  switch (mode) {
    case 'ready':
      return { isReady: true, role: 'alone', reason: null };
    case 'following':
      return { isReady: true, role: 'backup', reason: null };
    case 'read_only':
      return {
        isReady: false,
        role: 'failed',
        reason: 'The journal cannot be written: only reads are served',
      };
    case 'failed':
      return { isReady: false, role: 'failed', reason: 'The journal cannot be written or read' };
    case 'closed':
      return { isReady: false, role: 'failed', reason: 'The tracker is closing' };
  }
}
