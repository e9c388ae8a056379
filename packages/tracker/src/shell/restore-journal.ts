/**
 * Puts a backup in the place of a tracker's journal.
 *
 * What affects that nothing is lost:
 * - a folder that holds entries is refused, and so is one that is in use, or that belongs to a cluster, whose other
 *   trackers have more than any backup;
 * - the copy is checked whole before anything is replaced, and gets its name in one step: after a crash there is no journal
 *   or the whole one;
 * - it gets a new store id. A backup lacks what was acknowledged after it was made, so it must not pass for the journal
 *   that others count on.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, isTrackerError, TrackerError } from '../errors.ts';
import type { BackupReport } from './backup-journal.ts';
import { requireNoCluster } from './cluster-note.ts';
import { openDataFolder } from './data-folder.ts';
import { syncFolder } from './folders.ts';
import { HeadNote, headNotePath } from './head-note.ts';
import { copyJournal, removeJournalFiles } from './journal-copy.ts';
import { type VerifiedJournal, verifyJournalFile } from './sqlite-reader.ts';
import { layoutOf } from './sqlite-schema.ts';
import { claimStoreId, journalError, readPlace } from './sqlite-statements.ts';

export interface RestoreOptions {
  /** A file that `backUpJournal` made. */
  readonly from: string;
  /** The data folder of a tracker that does not run; made where it is missing. */
  readonly dataDir: string;
}

/**
 * Makes the backup the journal of a data folder that has none, or an empty one. Fails with `target_exists`, `locked`,
 * `wrong_cluster`, `journal_failed`, and `journal_corrupt` where the backup is damaged; then the folder is as it was.
 */
export async function restoreJournal({ from, dataDir }: RestoreOptions): Promise<BackupReport> {
  const folder = await openDataFolder(dataDir);
  const { journalFile } = folder;
  // One name only, so that what a crash left goes with the next try; the folder is locked.
  const temporary = `${journalFile}.restoring`;
  try {
    await requireNoCluster(dataDir);
    requireEmpty(journalFile, dataDir);
    await removeJournalFiles(temporary);
    const restored = await copyAndVerify(from, temporary);
    const { size } = await stat(temporary);
    await putInPlace(temporary, journalFile);
    noteHead(journalFile, restored);
    folder.unlock();
    return { entries: restored.entries, headIndex: restored.head.index, bytes: size };
  } catch (error) {
    await removeJournalFiles(temporary);
    await folder.discard();
    throw journalError(error);
  }
}

async function copyAndVerify(from: string, temporary: string): Promise<VerifiedJournal> {
  try {
    await copyJournal(from, temporary, (db) => {
      db.exec('DELETE FROM store');
      claimStoreId(db, randomBytes(16));
    });
    return await verifyJournalFile(temporary);
  } catch (cause) {
    const code = isTrackerError(cause, 'journal_corrupt') ? 'journal_corrupt' : 'journal_failed';
    throw new TrackerError(code, `Cannot restore ${from}: ${describe(cause)}`, { cause });
  }
}

function requireEmpty(journalFile: string, dataDir: string): void {
  if (!existsSync(journalFile)) return;
  const what = contentOf(journalFile);
  if (what === undefined) return;
  throw new TrackerError(
    'target_exists',
    `Cannot restore into ${dataDir}: it holds ${what}; move that folder away, or choose another one`,
  );
}

/** What would be lost; undefined where there is nothing. */
function contentOf(journalFile: string): string | undefined {
  try {
    using db = new DatabaseSync(journalFile, { readOnly: true });
    const isEmpty = layoutOf(db) === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
    const head = isEmpty ? undefined : readPlace(db).head;
    return head === undefined ? undefined : `a journal of ${head.index} entries`;
  } catch (error) {
    return `a journal that cannot be read (${describe(error)})`;
  }
}

/** The note goes first: without a journal it would speak of entries that were lost. */
async function putInPlace(temporary: string, journalFile: string): Promise<void> {
  await rm(headNotePath(journalFile), { force: true });
  await removeJournalFiles(journalFile);
  await syncFolder(dirname(journalFile));
  await rename(temporary, journalFile);
  await syncFolder(dirname(journalFile));
}

function noteHead(journalFile: string, { head }: VerifiedJournal): void {
  const note = new HeadNote(journalFile);
  try {
    if (head.index > 0) note.write(head);
  } finally {
    note.close();
  }
}
