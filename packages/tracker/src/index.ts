/** @minitorrent/tracker: users, groups, memberships, files, and who has what. */

// Several trackers as one
export type { ClusterOptions } from './cluster/options.ts';
// Compaction
export { COMPACTION_LIMITS, type CompactionLimits } from './compaction.ts';
// Journals
export type { JournalRecord } from './entry.ts';
// Errors and limits
export { TrackerError, type TrackerErrorCode } from './errors.ts';
export type { Journal, JournalSnapshot, ReadLimits } from './journal/journal.ts';
export { createMemoryJournal, type MemoryStorage } from './journal/memory-journal.ts';
export { DEFAULT_LIMITS, type TrackerLimits } from './limits.ts';
export type { TrackerLog, TrackerLogEntry } from './log.ts';
export type { TrackerStatus } from './messages.ts';
// Passwords
export type { Passwords } from './password-hash.ts';
export {
  type Config,
  createMemoryRegister,
  type ReadOutcome,
  type Register,
  RegisterCell,
  type SwapOutcome,
} from './register.ts';
export type { AllowSync } from './service/cluster-handlers.ts';
// A tracker for a network, clock and journal of your own
export {
  openTrackerService,
  type ServiceOptions,
  type TrackerService,
  type TrackerStats,
} from './service.ts';
// A tracker that runs
export { readClusterId } from './shell/cluster-note.ts';
export {
  type CommonTrackerOptions,
  createTracker,
  type Tracker,
  type TrackerOptions,
} from './shell/create-tracker.ts';
export { createPasswords, type PasswordLimits } from './shell/passwords.ts';
export { openSqliteJournal } from './shell/sqlite-journal.ts';
