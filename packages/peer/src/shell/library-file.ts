/**
 * The SQLite file of a library: for its owner alone, opened by one process at a time, and brought to the layout of today.
 */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';

const log = createDebug('minitorrent:peer:library');

const OWNER_ONLY = 0o600;

/** What makes each version of the layout out of the one before. A version that was published never changes. */
const VERSIONS: readonly string[] = [
  `
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
  `,
  `
  ALTER TABLE download ADD COLUMN description BLOB;
  CREATE TABLE login (user_id TEXT PRIMARY KEY, password_hash TEXT NOT NULL) STRICT;
  `,
  `
  CREATE TABLE membership (
    user_id TEXT NOT NULL, group_id TEXT NOT NULL, group_key BLOB NOT NULL, proof BLOB, stamp BLOB,
    PRIMARY KEY (user_id, group_id)
  ) STRICT;
  CREATE TABLE revocation (
    user_id TEXT NOT NULL, group_id TEXT NOT NULL, removed_id TEXT NOT NULL, device_id BLOB NOT NULL,
    member_epoch INTEGER NOT NULL, PRIMARY KEY (user_id, group_id, removed_id, device_id)
  ) STRICT;
  `,
];

/** Opens the database at `path`. Fails with `data_folder_in_use` while another process has it open. */
export function openLibraryFile(path: string): DatabaseSync {
  const database = openExclusively(path);
  try {
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openExclusively(path: string): DatabaseSync {
  if (path !== ':memory:') keepPrivate(path);
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

/** It holds password hashes, and who is in which group. SQLite gives its log the mode of the file. */
function keepPrivate(path: string): void {
  closeSync(openSync(path, 'a', OWNER_ONLY));
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      if (existsSync(file)) chmodSync(file, OWNER_ONLY);
    } catch (error) {
      // Some file systems know no modes.
      log('cannot keep others from reading %s: %s', file, String(error));
    }
  }
}

function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version > VERSIONS.length) {
    throw new RangeError(`Cannot read a library of version ${version}, expected ${VERSIONS.length} at most`);
  }
  const missing = VERSIONS.slice(version).join('\n');
  database.exec(`BEGIN; ${missing} PRAGMA user_version = ${VERSIONS.length}; COMMIT`);
}
