/**
 * A journal in SQLite as one file of its own: what backups are made of, and restored journals.
 *
 * SQLite's online backup copies what is committed at one moment, also of a file that a tracker writes to. A plain copy of
 * the file would lack what still lies in the log beside it.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { TrackerError } from '../errors.ts';
import { layoutOf, prepareSchema } from './sqlite-schema.ts';
import { journalError } from './sqlite-statements.ts';

/** All at once: a copy in steps begins anew whenever the tracker writes in between. */
const ALL_PAGES = 2 ** 31 - 1;
/** How long a lock of SQLite is waited for; they are short. */
const LOCK_MS = 5_000;

/**
 * Copies the journal in `source` to a new file that only its owner can read; durable, complete without files beside it, and
 * of the present layout. `prepare` may change it before. Fails with `journal_failed`, `journal_corrupt`; then there is no new file.
 */
export async function copyJournal(
  source: string,
  target: string,
  prepare: (db: DatabaseSync) => void = () => {},
): Promise<void> {
  if (!existsSync(source)) throw new TrackerError('journal_failed', `There is no journal at ${source}`);
  try {
    closeSync(openSync(target, 'wx', 0o600));
    await copyPages(source, target);
    settle(target, prepare);
    await using file = await open(target, 'r+');
    await file.sync();
  } catch (error) {
    await removeJournalFiles(target);
    throw journalError(error);
  }
}

/** A name beside `path` that nobody uses. */
export function temporaryNameFor(path: string): string {
  return `${path}.${randomUUID()}`;
}

/** Removes a file of SQLite and what it keeps beside it. */
export async function removeJournalFiles(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true });
}

async function copyPages(source: string, target: string): Promise<void> {
  using db = new DatabaseSync(source, { readOnly: true, timeout: LOCK_MS });
  if (layoutOf(db) === 0) throw new TrackerError('journal_failed', `${source} is no journal of a tracker`);
  await backup(db, target, { rate: ALL_PAGES });
}

function settle(file: string, prepare: (db: DatabaseSync) => void): void {
  using db = new DatabaseSync(file);
  prepareSchema(db);
  prepare(db);
  // Without the room of what was dropped, and without a log.
  db.exec('VACUUM; PRAGMA journal_mode = DELETE;');
}
