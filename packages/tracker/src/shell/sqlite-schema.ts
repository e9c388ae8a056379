/**
 * The tables of a journal in SQLite, and how they came to be.
 *
 * Every step that was ever published stays as it is; a change is a step more. The number of steps taken is the layout of the
 * file, kept in its header as `user_version`.
 */
import type { DatabaseSync } from 'node:sqlite';

const STEPS: readonly string[] = [
  `CREATE TABLE entries (
     "index" INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL
   ) STRICT;
   CREATE TABLE snapshot (
     "index" INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL
   ) STRICT;`,
  'CREATE TABLE store (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL) STRICT;',
  // In parts, so that no commit waits for the whole. Those of another number than the snapshot's belong to none.
  `CREATE TABLE snapshot_parts (
     number INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE (number, part)
   ) STRICT;
   INSERT INTO snapshot_parts (number, part, bytes) SELECT 1, 0, bytes FROM snapshot;
   ALTER TABLE snapshot DROP COLUMN bytes;
   ALTER TABLE snapshot ADD COLUMN number INTEGER NOT NULL DEFAULT 1;`,
];

/** The number of steps that were taken; 0 for a file that is empty, or something else. */
export function layoutOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}

/** Brings the tables up to date, all or nothing. Throws for a file of a later version. */
export function prepareSchema(db: DatabaseSync): void {
  const layout = layoutOf(db);
  if (layout === STEPS.length) return;
  if (layout > STEPS.length)
    throw new Error(`it has layout ${layout}, and this version knows ${STEPS.length}`);
  inTransaction(db, () => {
    for (const step of STEPS.slice(layout)) db.exec(step);
    db.exec(`PRAGMA user_version = ${STEPS.length}`);
  });
}

/** Runs `task` as one transaction. */
export function inTransaction(db: DatabaseSync, task: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    task();
    db.exec('COMMIT');
  } catch (error) {
    // A full disk may have rolled back already.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
