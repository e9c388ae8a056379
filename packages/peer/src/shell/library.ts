/**
 * What this device shares and downloads, and for which user: the peer's memory across restarts.
 *
 * Embedded SQLite in the peer's data folder. It records and answers; it opens no file of the user's and decides nothing.
 * Piece layers lie here too, so that a share comes back without hashing its file again.
 */
import { DatabaseSync } from 'node:sqlite';
import type { FileDescriptor } from '@minitorrent/chunk-store';
import { PeerError } from '../errors.ts';

/** A file that is served from where it lies. */
export interface ShareRecord {
  readonly userId: string;
  readonly groupId: string;
  readonly file: FileDescriptor;
  /** Absolute path of the source. */
  readonly path: string;
  /** 32 bytes a piece (BEP 52). */
  readonly pieceLayer: Uint8Array;
  /** The source's modification time when it was hashed, nanoseconds since the Unix epoch. */
  readonly modifiedNs: bigint;
  /** Whether this user brought the file into the group, or has a copy of it. */
  readonly origin: 'uploaded' | 'downloaded';
}

/** A download that goes on at the next start. */
export interface DownloadRecord {
  readonly userId: string;
  readonly groupId: string;
  readonly name: string;
  readonly folder: string;
  readonly strategy: string;
  readonly overwrite: boolean;
}

/** The open library; every call is synchronous and durable when it answers. */
export interface Library extends Disposable {
  /** Answers the stored bytes of `key`, or stores and answers those of `create`. */
  setting(key: string, create: () => Uint8Array): Uint8Array;
  shares(userId: string): ShareRecord[];
  putShare(share: ShareRecord): void;
  removeShare(userId: string, groupId: string, name: string): void;
  downloads(userId: string): DownloadRecord[];
  putDownload(download: DownloadRecord): void;
  removeDownload(userId: string, groupId: string, name: string): void;
  close(): void;
}

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE share (
    user_id TEXT NOT NULL, group_id TEXT NOT NULL, name TEXT NOT NULL,
    size INTEGER NOT NULL, piece_length INTEGER NOT NULL, root BLOB NOT NULL,
    path TEXT NOT NULL, piece_layer BLOB NOT NULL, modified_ns TEXT NOT NULL, origin TEXT NOT NULL,
    PRIMARY KEY (user_id, group_id, name)
  ) STRICT;
  CREATE TABLE download (
    user_id TEXT NOT NULL, group_id TEXT NOT NULL, name TEXT NOT NULL,
    folder TEXT NOT NULL, strategy TEXT NOT NULL, overwrite INTEGER NOT NULL,
    PRIMARY KEY (user_id, group_id, name)
  ) STRICT;
`;

/**
 * Opens the library in the SQLite file at `path`, or in memory for `:memory:`.
 * Fails with `data_folder_in_use` while another process has it open.
 */
export function openLibrary(path: string): Library {
  const database = openExclusively(path);
  migrate(database);
  return new SqliteLibrary(database);
}

class SqliteLibrary implements Library {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  setting(key: string, create: () => Uint8Array): Uint8Array {
    const row = this.#database.prepare('SELECT value FROM setting WHERE key = ?').get(key);
    if (row !== undefined) return asBytes(row.value);
    const value = create();
    this.#database.prepare('INSERT INTO setting VALUES (?, ?)').run(key, value);
    return value;
  }

  shares(userId: string): ShareRecord[] {
    const rows = this.#database.prepare('SELECT * FROM share WHERE user_id = ? ORDER BY group_id, name');
    return rows.all(userId).map(toShare);
  }

  putShare(share: ShareRecord): void {
    const { userId, groupId, file, path, pieceLayer, modifiedNs, origin } = share;
    const { name, size, pieceLength, root } = file;
    this.#database
      .prepare('INSERT OR REPLACE INTO share VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(userId, groupId, name, size, pieceLength, root, path, pieceLayer, String(modifiedNs), origin);
  }

  removeShare(userId: string, groupId: string, name: string): void {
    this.#remove('share', userId, groupId, name);
  }

  downloads(userId: string): DownloadRecord[] {
    const rows = this.#database.prepare('SELECT * FROM download WHERE user_id = ? ORDER BY group_id, name');
    return rows.all(userId).map(toDownload);
  }

  putDownload(download: DownloadRecord): void {
    const { userId, groupId, name, folder, strategy, overwrite } = download;
    this.#database
      .prepare('INSERT OR REPLACE INTO download VALUES (?, ?, ?, ?, ?, ?)')
      .run(userId, groupId, name, folder, strategy, overwrite ? 1 : 0);
  }

  removeDownload(userId: string, groupId: string, name: string): void {
    this.#remove('download', userId, groupId, name);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #remove(table: 'share' | 'download', userId: string, groupId: string, name: string): void {
    this.#database
      .prepare(`DELETE FROM ${table} WHERE user_id = ? AND group_id = ? AND name = ?`)
      .run(userId, groupId, name);
  }
}

function openExclusively(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    // The lock is taken by the first write and kept until the process ends, so a killed peer leaves none behind.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    return database;
  } catch (cause) {
    database.close();
    throw new PeerError('data_folder_in_use', `Cannot open the library ${path}: another process uses it`, {
      cause,
    });
  }
}

function migrate(database: DatabaseSync): void {
  const version = database.prepare('PRAGMA user_version').get()?.user_version;
  if (version === SCHEMA_VERSION) return;
  if (version !== 0)
    throw new RangeError(`Cannot read a library of version ${version}, expected ${SCHEMA_VERSION}`);
  database.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
}

type Row = Readonly<Record<string, unknown>>;

function toShare(row: Row): ShareRecord {
  return {
    userId: String(row.user_id),
    groupId: String(row.group_id),
    file: {
      name: String(row.name),
      size: Number(row.size),
      pieceLength: Number(row.piece_length),
      root: asBytes(row.root),
    },
    path: String(row.path),
    pieceLayer: asBytes(row.piece_layer),
    modifiedNs: BigInt(String(row.modified_ns)),
    origin: row.origin === 'uploaded' ? 'uploaded' : 'downloaded',
  };
}

function toDownload(row: Row): DownloadRecord {
  return {
    userId: String(row.user_id),
    groupId: String(row.group_id),
    name: String(row.name),
    folder: String(row.folder),
    strategy: String(row.strategy),
    overwrite: row.overwrite === 1,
  };
}

function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`Cannot read the library: a column holds ${typeof value}, expected bytes`);
}
