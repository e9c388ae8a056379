/**
 * What this device shares and downloads, for which user, and who logged in here: the peer's memory across restarts.
 *
 * Embedded SQLite in the peer's data folder. It records and answers; it opens no file of the user's and decides nothing.
 * Piece layers lie here too, so that a share comes back without hashing its file again.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { FileDescriptor } from '@minitorrent/chunk-store';
import { decodeDescription, encodeDescription, type FileDescription } from '../file-description.ts';
import { openLibraryFile } from './library-file.ts';
import { MembershipRecords } from './membership-records.ts';

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
  /** What a tracker said of the file last; undefined before one did. */
  readonly description: FileDescription | undefined;
}

/** The open library; every call is synchronous and durable when it answers. */
export interface Library extends Disposable {
  readonly memberships: MembershipRecords;
  /** Answers the stored bytes of `key`, or stores and answers those of `create`. */
  setting(key: string, create: () => Uint8Array): Uint8Array;
  putSetting(key: string, value: Uint8Array): void;
  /** The hash of the password with which the user logged in on this device; undefined for one who never did. */
  passwordHash(userId: string): string | undefined;
  putPasswordHash(userId: string, hash: string): void;
  removePasswordHash(userId: string): void;
  shares(userId: string): ShareRecord[];
  putShare(share: ShareRecord): void;
  removeShare(userId: string, groupId: string, name: string): void;
  downloads(userId: string): DownloadRecord[];
  putDownload(download: DownloadRecord): void;
  /** Replaces the description of a download that is in the library; does nothing for another. */
  describeDownload(userId: string, groupId: string, name: string, description: FileDescription): void;
  removeDownload(userId: string, groupId: string, name: string): void;
  close(): void;
}

/**
 * Opens the library in the SQLite file at `path`, or in memory for `:memory:`.
 * Fails with `data_folder_in_use` while another process has it open.
 */
export function openLibrary(path: string): Library {
  return new SqliteLibrary(openLibraryFile(path));
}

class SqliteLibrary implements Library {
  readonly memberships: MembershipRecords;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.memberships = new MembershipRecords(database);
    this.#database = database;
  }

  setting(key: string, create: () => Uint8Array): Uint8Array {
    const row = this.#database.prepare('SELECT value FROM setting WHERE key = ?').get(key);
    if (row !== undefined) return asBytes(row.value);
    const value = create();
    this.putSetting(key, value);
    return value;
  }

  putSetting(key: string, value: Uint8Array): void {
    this.#database.prepare('INSERT OR REPLACE INTO setting VALUES (?, ?)').run(key, value);
  }

  passwordHash(userId: string): string | undefined {
    const row = this.#database.prepare('SELECT password_hash FROM login WHERE user_id = ?').get(userId);
    return row === undefined ? undefined : String(row.password_hash);
  }

  putPasswordHash(userId: string, hash: string): void {
    this.#database.prepare('INSERT OR REPLACE INTO login VALUES (?, ?)').run(userId, hash);
  }

  removePasswordHash(userId: string): void {
    this.#database.prepare('DELETE FROM login WHERE user_id = ?').run(userId);
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
    const { userId, groupId, name, folder, strategy, overwrite, description } = download;
    const described = description === undefined ? null : encodeDescription(groupId, description);
    this.#database
      .prepare('INSERT OR REPLACE INTO download VALUES (?, ?, ?, ?, ?, ?, ?)')
      .run(userId, groupId, name, folder, strategy, overwrite ? 1 : 0, described);
  }

  describeDownload(userId: string, groupId: string, name: string, description: FileDescription): void {
    this.#database
      .prepare('UPDATE download SET description = ? WHERE user_id = ? AND group_id = ? AND name = ?')
      .run(encodeDescription(groupId, description), userId, groupId, name);
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
    description: row.description === null ? undefined : decodeDescription(asBytes(row.description)),
  };
}

function asBytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`Cannot read the library: a column holds ${typeof value}, expected bytes`);
}
