/** The sub-path `@minitorrent/tracker/backup`: copies of a tracker's journal in SQLite, and back. */
export { type BackUpOptions, type BackupReport, backUpJournal } from './shell/backup-journal.ts';
export { readStore, type StoreHead } from './shell/read-store.ts';
export { type RestoreOptions, restoreJournal } from './shell/restore-journal.ts';
