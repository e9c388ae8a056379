/** What a tracker reports to whoever runs it. It carries no passwords, no payloads and no file names. */
import type { TrackerError } from './errors.ts';
import type { ReplicationRole } from './replication/role.ts';

/** One thing worth knowing. */
export type TrackerLogEntry =
  | { readonly kind: 'logged_in' | 'login_failed'; readonly userId: string; readonly host: string }
  /** A peer did not answer a callback. */
  | {
      readonly kind: 'callback_failed';
      readonly method: string;
      readonly userId: string;
      readonly error: unknown;
    }
  /** Something that nobody waits for did not work. */
  | { readonly kind: 'background_failed'; readonly task: string; readonly error: unknown }
  | { readonly kind: 'stopped_writing'; readonly error: TrackerError }
  /** What it is among the trackers of its cluster, and why. */
  | {
      readonly kind: 'role_changed';
      readonly role: ReplicationRole;
      readonly epoch: number;
      readonly reason: string;
    }
  /** Something that a person has to look at. */
  | { readonly kind: 'fault'; readonly reason: string };

/** Receives log entries; must not throw. */
export type TrackerLog = (entry: TrackerLogEntry) => void;
