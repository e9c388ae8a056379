/**
 * The thread that owns the SQLite file of a journal: it carries out one request after another and decides nothing.
 *
 * A commit waits for the disk, 1-10 ms of it; here that stalls nobody. WAL with `synchronous=FULL` syncs the log before a
 * commit returns.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { JournalPosition } from '../messages.ts';
import { HeadNote, type Noted } from './head-note.ts';
import { prepareSchema } from './sqlite-schema.ts';
import {
  appendRows,
  claimStoreId,
  dropSome,
  keepSnapshot,
  measure,
  type Place,
  type Row,
  readPlace,
  readRows,
  readSnapshotRow,
  truncateRows,
  writeSnapshotPart,
} from './sqlite-statements.ts';

export type WorkerRequest =
  | { readonly kind: 'read_snapshot' | 'measure' | 'close' }
  /** `storeId` is for a file that has none yet. */
  | { readonly kind: 'open'; readonly storeId: Uint8Array }
  | { readonly kind: 'append'; readonly rows: readonly Row[] }
  | { readonly kind: 'read'; readonly after: number; readonly entries: number; readonly bytes: number }
  | {
      readonly kind: 'write_part';
      readonly number: number;
      readonly part: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'keep_snapshot' | 'install_snapshot';
      readonly position: JournalPosition;
      readonly number: number;
    }
  | { readonly kind: 'drop_some'; readonly upTo: number }
  | { readonly kind: 'truncate'; readonly after: number };

/** What `open` answers. */
export interface Opened extends Place {
  readonly storeId: Uint8Array;
  /** The last position noted beside the journal, where that is readable. */
  readonly noted: Noted | undefined;
}

export type WorkerAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** The file is open. */
interface OpenFile {
  readonly db: DatabaseSync;
  readonly note: HeadNote;
}

const { file } = workerData as { readonly file: string };
let open: OpenFile | undefined;

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
      return openFile(request.storeId);
    case 'append':
      return append(opened(), request.rows);
    case 'read':
      return readRows(opened().db, request.after, request);
    case 'read_snapshot':
      return readSnapshotRow(opened().db);
    case 'write_part':
      return writeSnapshotPart(opened().db, request);
    case 'keep_snapshot':
      return keepSnapshot(opened().db, { ...request, dropEntries: false });
    case 'install_snapshot':
      return installSnapshot(opened(), request);
    case 'drop_some':
      return dropSome(opened().db, request.upTo);
    case 'truncate':
      return truncate(opened(), request.after);
    case 'measure':
      return measure(opened().db);
    case 'close':
      return close();
  }
}

function openFile(storeId: Uint8Array): Opened {
  // Made here, because it holds password hashes; SQLite gives its log the same mode.
  closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    prepareSchema(db);
    const note = new HeadNote(file);
    open = { db, note };
    return { storeId: claimStoreId(db, storeId), ...readPlace(db), noted: note.read() };
  } catch (error) {
    if (open === undefined) db.close();
    throw error;
  }
}

function append({ db, note }: OpenFile, rows: readonly Row[]): void {
  appendRows(db, rows);
  const last = rows.at(-1);
  if (last !== undefined) note.write(last);
}

function installSnapshot(
  { db, note }: OpenFile,
  { position, number }: { readonly position: JournalPosition; readonly number: number },
): void {
  note.clear();
  keepSnapshot(db, { position, number, dropEntries: true });
  note.write(position);
}

function truncate({ db, note }: OpenFile, after: number): void {
  note.clear();
  const last = truncateRows(db, after);
  if (last !== undefined) note.write(last);
}

function close(): void {
  open?.db.close();
  open?.note.close();
  open = undefined;
}

function opened(): OpenFile {
  if (open === undefined) throw new Error('it is not open');
  return open;
}
