/**
 * The thread that owns the SQLite file of a journal: it carries out one request after another and decides nothing.
 *
 * A commit waits for the disk, 1-10 ms of it; here that stalls nobody. WAL with `synchronous=FULL` syncs the log before a
 * commit returns. A bit that flips in the log makes SQLite drop the commits from there on without a word, so the last
 * position is kept beside it in a file of its own: a journal that is shorter than that has lost acknowledged entries.
 */
import { hash } from 'node:crypto';
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** An entry as it crosses the thread border. */
export interface Row {
  readonly epoch: number;
  readonly index: number;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

export type WorkerRequest =
  | { readonly kind: 'read_snapshot' | 'close' }
  /** `storeId` is for a file that has none yet. */
  | { readonly kind: 'open'; readonly storeId: Uint8Array }
  | { readonly kind: 'append'; readonly rows: readonly Row[] }
  | { readonly kind: 'read'; readonly after: number; readonly entries: number; readonly bytes: number }
  | { readonly kind: 'write_snapshot' | 'install_snapshot'; readonly row: Row }
  | { readonly kind: 'truncate'; readonly after: number };

/** What `open` answers. */
export interface Opened {
  readonly storeId: Uint8Array;
  readonly head: Omit<Row, 'bytes'> | undefined;
  readonly base: number;
  /** The last position noted beside the journal, where that is readable. */
  readonly noted: { readonly index: number; readonly hash: Uint8Array } | undefined;
}

export type WorkerAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

const SCHEMA_VERSION = 2;
/** Of version 2, beside the tables of version 1. */
const STORE_TABLE = 'CREATE TABLE store (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL) STRICT;';
const NOTE_BYTES = 48;

const { file } = workerData as { readonly file: string };
let database: DatabaseSync | undefined;
let note: number | undefined;

parentPort?.on('message', ({ id, request }: { readonly id: number; readonly request: WorkerRequest }) => {
  let answer: WorkerAnswer;
  try {
    answer = { id, value: handle(request) };
  } catch (error) {
    answer = { id, error: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
  if (request.kind === 'close') parentPort?.close();
});

function handle(request: WorkerRequest): unknown {
  switch (request.kind) {
    case 'open':
      return open(request.storeId);
    case 'append':
      return append(opened(), request.rows);
    case 'read':
      return read(opened(), request);
    case 'read_snapshot':
      return opened().prepare('SELECT * FROM snapshot').get();
    case 'write_snapshot':
      return replaceSnapshot(opened(), request.row);
    case 'install_snapshot':
      return installSnapshot(opened(), request.row);
    case 'truncate':
      return truncate(opened(), request.after);
    case 'close':
      return close();
  }
}

function open(storeId: Uint8Array): Opened {
  // Made here, because it holds password hashes; SQLite gives its log the same mode.
  closeSync(openSync(file, 'a', 0o600));
  database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  prepareSchema(database);
  database.prepare('INSERT OR IGNORE INTO store (one, id) VALUES (1, ?)').run(storeId);
  note = openSync(`${file}.head`, constants.O_RDWR | constants.O_CREAT, 0o600);
  const snapshot = database.prepare('SELECT "index", epoch, hash FROM snapshot').get();
  const last = database
    .prepare('SELECT "index", epoch, hash FROM entries ORDER BY "index" DESC LIMIT 1')
    .get();
  const head = last ?? snapshot;
  // The columns are those of Row and of the table store, and the tables are STRICT.
  return {
    storeId: database.prepare('SELECT id FROM store').get()?.id as Uint8Array,
    head: head as unknown as Opened['head'],
    base: Number(snapshot?.index ?? 0),
    noted: readNote(),
  };
}

function prepareSchema(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version === SCHEMA_VERSION) return;
  if (version === 1) {
    db.exec(`BEGIN; ${STORE_TABLE} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
    return;
  }
  if (version !== 0) throw new Error(`it has layout ${version}, and this version knows ${SCHEMA_VERSION}`);
  const columns =
    '"index" INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL';
  db.exec(`BEGIN;
    CREATE TABLE entries (${columns}) STRICT;
    CREATE TABLE snapshot (${columns}) STRICT;
    ${STORE_TABLE}
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT;`);
}

function append(db: DatabaseSync, rows: readonly Row[]): void {
  const insert = db.prepare('INSERT INTO entries ("index", epoch, hash, bytes) VALUES (?, ?, ?, ?)');
  inTransaction(db, () => {
    for (const row of rows) insert.run(row.index, row.epoch, row.hash, row.bytes);
  });
  const last = rows.at(-1);
  if (last !== undefined) writeNote(last);
}

function read(
  db: DatabaseSync,
  limits: { after: number; entries: number; bytes: number },
): readonly unknown[] {
  const select = db.prepare('SELECT * FROM entries WHERE "index" > ? ORDER BY "index" LIMIT ?');
  const rows: unknown[] = [];
  let bytes = 0;
  for (const row of select.iterate(limits.after, limits.entries)) {
    bytes += byteLength(row.bytes);
    if (bytes > limits.bytes && rows.length > 0) break;
    rows.push(row);
  }
  return rows;
}

function replaceSnapshot(db: DatabaseSync, row: Row, options?: { readonly dropAll: boolean }): void {
  inTransaction(db, () => {
    db.exec('DELETE FROM snapshot');
    const insert = db.prepare('INSERT INTO snapshot ("index", epoch, hash, bytes) VALUES (?, ?, ?, ?)');
    insert.run(row.index, row.epoch, row.hash, row.bytes);
    if (options?.dropAll === true) db.exec('DELETE FROM entries');
    else db.prepare('DELETE FROM entries WHERE "index" <= ?').run(row.index);
  });
}

function installSnapshot(db: DatabaseSync, row: Row): void {
  clearNote();
  replaceSnapshot(db, row, { dropAll: true });
  writeNote(row);
}

/** The note goes first: a kill in between must not leave one that asks for what was cut. */
function truncate(db: DatabaseSync, after: number): void {
  clearNote();
  db.prepare('DELETE FROM entries WHERE "index" > ?').run(after);
  const last =
    db.prepare('SELECT * FROM entries WHERE "index" = ?').get(after) ??
    db.prepare('SELECT * FROM snapshot WHERE "index" = ?').get(after);
  // The columns are those of Row, and the tables are STRICT.
  if (last !== undefined) writeNote(last as unknown as Row);
}

function clearNote(): void {
  if (note === undefined) return;
  ftruncateSync(note, 0);
  fsyncSync(note);
}

function close(): void {
  database?.close();
  database = undefined;
  if (note !== undefined) closeSync(note);
  note = undefined;
}

function inTransaction(db: DatabaseSync, task: () => void): void {
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

/** Index, hash, and eight bytes that tell a whole note from a torn one. It is a hint, so nobody waits for the disk. */
function writeNote(row: Row): void {
  if (note === undefined) return;
  const bytes = new Uint8Array(NOTE_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(row.index));
  bytes.set(row.hash, 8);
  bytes.set(checksum(bytes.subarray(0, 40)), 40);
  writeSync(note, bytes, 0, NOTE_BYTES, 0);
}

function readNote(): Opened['noted'] {
  const bytes = new Uint8Array(readFileSync(`${file}.head`));
  if (bytes.length !== NOTE_BYTES) return undefined;
  if (checksum(bytes.subarray(0, 40)).some((byte, at) => byte !== bytes[40 + at])) return undefined;
  return { index: Number(new DataView(bytes.buffer).getBigUint64(0)), hash: bytes.slice(8, 40) };
}

function checksum(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer').subarray(0, 8);
}

function byteLength(value: SQLOutputValue | undefined): number {
  return value instanceof Uint8Array ? value.length : 0;
}

function opened(): DatabaseSync {
  if (database === undefined) throw new Error('it is not open');
  return database;
}
