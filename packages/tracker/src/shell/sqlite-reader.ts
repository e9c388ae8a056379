/**
 * A journal in a SQLite file, to be read only and by one who has nothing else to do: it runs in the calling thread.
 *
 * It changes nothing, neither the file nor what lies beside it, and sees what a tracker that uses the file has committed
 * up to now.
 */
import { DatabaseSync } from 'node:sqlite';
import { corrupt, genesis, type JournalRecord } from '../entry.ts';
import type { JournalSnapshot, ReadableJournal, ReadLimits } from '../journal/journal.ts';
import { checkKept } from '../journal/journal.ts';
import type { JournalPosition } from '../messages.ts';
import { replayJournal } from '../replay.ts';
import { journalError, readPlace, readRows, readSnapshotRow, toRecord } from './sqlite-statements.ts';

/** What a journal holds, after all of it was checked. */
export interface VerifiedJournal {
  readonly head: JournalPosition;
  /** Those that are kept; the others are in the snapshot. */
  readonly entries: number;
}

/** Checks a file of the present layout from its first page to its last entry. Fails with `journal_corrupt`, `journal_failed`. */
export async function verifyJournalFile(file: string): Promise<VerifiedJournal> {
  try {
    using db = new DatabaseSync(file, { readOnly: true });
    const damage = db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
    if (damage !== 'ok') throw corrupt(1, `SQLite finds ${damage}`);
    const journal = new SqliteReader(db);
    const { position } = await replayJournal(journal);
    return { head: position, entries: position.index - journal.base };
  } catch (error) {
    throw journalError(error);
  }
}

class SqliteReader implements ReadableJournal {
  readonly isShared = false;
  readonly head: JournalPosition;
  readonly base: number;
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    const { head, base } = readPlace(db);
    this.head = head ?? genesis;
    this.base = base;
    this.#db = db;
  }

  async read(after: number, limits: ReadLimits): Promise<readonly JournalRecord[]> {
    checkKept(this.base, after);
    return readRows(this.#db, after, limits).map(toRecord);
  }

  async readSnapshot(): Promise<JournalSnapshot | undefined> {
    const row = readSnapshotRow(this.#db);
    return row === undefined ? undefined : toRecord(row);
  }
}
