/**
 * What a journal asks of its SQLite file, statement by statement; nothing here decides anything.
 *
 * Whatever is large is done in pieces that are short to commit, because appends wait behind them: a snapshot is written in
 * parts that belong to nobody until `keepSnapshot`, and what nobody needs any more goes bit by bit in `dropSome`.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { corrupt, type JournalRecord } from '../entry.ts';
import { describe, isTrackerError, TrackerError } from '../errors.ts';
import type { JournalSize, ReadLimits } from '../journal/journal.ts';
import type { JournalPosition } from '../messages.ts';
import { inTransaction } from './sqlite-schema.ts';

/** An entry as SQLite knows it. The tables are STRICT, so whole rows have these types. */
export interface Row extends JournalPosition {
  readonly bytes: Uint8Array;
}

/** Where a journal stands. */
export interface Place {
  readonly head: JournalPosition | undefined;
  readonly base: number;
  readonly snapshotIndex: number;
  /** The highest number that parts of a snapshot have. */
  readonly snapshotNumber: number;
}

/** Entries that one transaction drops: a few milliseconds. */
const DROP_ENTRIES = 2_000;

export function readPlace(db: DatabaseSync): Place {
  const snapshot = db.prepare('SELECT "index", epoch, hash FROM snapshot').get();
  const last = db.prepare('SELECT "index", epoch, hash FROM entries ORDER BY "index" DESC LIMIT 1').get();
  const first = db.prepare('SELECT min("index") AS "index" FROM entries').get();
  const parts = db.prepare('SELECT coalesce(max(number), 0) AS number FROM snapshot_parts').get();
  const snapshotIndex = Number(snapshot?.index ?? 0);
  const firstIndex = Number(first?.index ?? Number.POSITIVE_INFINITY);
  return {
    // The columns are those of a position, and the tables are STRICT.
    head: (last ?? snapshot) as unknown as JournalPosition | undefined,
    // Entries that are missing behind the snapshot were not dropped: a replay says so.
    base: Math.min(firstIndex - 1, snapshotIndex),
    snapshotIndex,
    snapshotNumber: Number(parts?.number),
  };
}

/** The id of the store, which is `fresh` where it has none yet. */
export function claimStoreId(db: DatabaseSync, fresh: Uint8Array): Uint8Array {
  db.prepare('INSERT OR IGNORE INTO store (one, id) VALUES (1, ?)').run(fresh);
  // The row is there, and the table STRICT.
  return db.prepare('SELECT id FROM store').get()?.id as Uint8Array;
}

export function appendRows(db: DatabaseSync, rows: readonly Row[]): void {
  const insert = db.prepare('INSERT INTO entries ("index", epoch, hash, bytes) VALUES (?, ?, ?, ?)');
  inTransaction(db, () => {
    for (const row of rows) insert.run(row.index, row.epoch, row.hash, row.bytes);
  });
}

/** Those after index `after`, at least one where there is one. */
export function readRows(db: DatabaseSync, after: number, limits: ReadLimits): readonly Row[] {
  const select = db.prepare('SELECT * FROM entries WHERE "index" > ? ORDER BY "index" LIMIT ?');
  const rows: Row[] = [];
  let bytes = 0;
  for (const found of select.iterate(after, limits.entries)) {
    bytes += byteLength(found.bytes);
    if (bytes > limits.bytes && rows.length > 0) break;
    // A whole row of a STRICT table.
    rows.push(found as unknown as Row);
  }
  return rows;
}

export function readSnapshotRow(db: DatabaseSync): Row | undefined {
  const snapshot = db.prepare('SELECT * FROM snapshot').get();
  if (snapshot === undefined) return undefined;
  const select = db.prepare('SELECT bytes FROM snapshot_parts WHERE number = ? ORDER BY part');
  // The column of a STRICT table.
  const parts = select.all(snapshot.number ?? 0).map(({ bytes }) => bytes as Uint8Array);
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    bytes.set(part, filled);
    filled += part.length;
  }
  // As above.
  const { index, epoch, hash } = snapshot as unknown as JournalPosition;
  return { index, epoch, hash, bytes };
}

/** Writes a part of a snapshot that is not yet kept. */
export function writeSnapshotPart(
  db: DatabaseSync,
  { number, part, bytes }: { readonly number: number; readonly part: number; readonly bytes: Uint8Array },
): void {
  db.prepare('INSERT INTO snapshot_parts (number, part, bytes) VALUES (?, ?, ?)').run(number, part, bytes);
}

/** The parts of that number are the snapshot from now on; with `dropEntries` they stand for every entry. */
export function keepSnapshot(
  db: DatabaseSync,
  snapshot: { readonly position: JournalPosition; readonly number: number; readonly dropEntries: boolean },
): void {
  const { index, epoch, hash } = snapshot.position;
  inTransaction(db, () => {
    db.exec('DELETE FROM snapshot');
    const insert = db.prepare('INSERT INTO snapshot ("index", epoch, hash, number) VALUES (?, ?, ?, ?)');
    insert.run(index, epoch, hash, snapshot.number);
    if (snapshot.dropEntries) db.exec('DELETE FROM entries');
  });
}

/** Drops some of the entries up to `upTo`, or a part of a snapshot that is no longer kept; false when there is nothing. */
export function dropSome(db: DatabaseSync, upTo: number): boolean {
  const entries = db.prepare(
    'DELETE FROM entries WHERE "index" <= min(?, (SELECT min("index") FROM entries) + ?)',
  );
  if (entries.run(upTo, DROP_ENTRIES - 1).changes > 0) return true;
  const part = db.prepare(
    `DELETE FROM snapshot_parts WHERE rowid =
       (SELECT rowid FROM snapshot_parts WHERE number <> coalesce((SELECT number FROM snapshot), 0) LIMIT 1)`,
  );
  return part.run().changes > 0;
}

/** Drops the entries after `after`; answers the one that is the last then, where it is kept. */
export function truncateRows(db: DatabaseSync, after: number): JournalPosition | undefined {
  db.prepare('DELETE FROM entries WHERE "index" > ?').run(after);
  const last =
    db.prepare('SELECT "index", epoch, hash FROM entries WHERE "index" = ?').get(after) ??
    db.prepare('SELECT "index", epoch, hash FROM snapshot WHERE "index" = ?').get(after);
  // The columns are those of a position, and the tables are STRICT.
  return last as unknown as JournalPosition | undefined;
}

/** Of the snapshot, and of the entries after it. */
export function measure(db: DatabaseSync): JournalSize {
  const entries = db
    .prepare(
      `SELECT count(*) AS entries, coalesce(sum(length(bytes)), 0) AS bytes FROM entries
       WHERE "index" > coalesce((SELECT "index" FROM snapshot), 0)`,
    )
    .get();
  const snapshot = db
    .prepare(
      `SELECT coalesce(sum(length(bytes)), 0) AS bytes FROM snapshot_parts
       WHERE number = (SELECT number FROM snapshot)`,
    )
    .get();
  return {
    entries: Number(entries?.entries),
    entryBytes: Number(entries?.bytes),
    snapshotBytes: Number(snapshot?.bytes),
  };
}

export function toRow({ position, bytes }: JournalRecord): Row {
  return { ...position, bytes };
}

export function toRecord({ epoch, index, hash, bytes }: Row): JournalRecord {
  return { position: { epoch, index, hash }, bytes };
}

/** `cause` as the error of a journal: damage, where SQLite says so, at the entry of `index` or before; or a failure. */
export function journalError(cause: unknown, index: number = 1): TrackerError {
  if (isTrackerError(cause)) return cause;
  const why = describe(cause);
  if (/malformed|not a database|corrupt/.test(why)) return corrupt(index, why, { cause });
  return journalFailed(cause);
}

export function journalFailed(cause: unknown): TrackerError {
  return new TrackerError('journal_failed', `Cannot use the journal: ${describe(cause)}`, { cause });
}

function byteLength(value: SQLOutputValue | undefined): number {
  return value instanceof Uint8Array ? value.length : 0;
}
