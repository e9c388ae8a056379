/**
 * The folder in which a tracker keeps its journal, and the lock that keeps a second process out of it.
 *
 * The lock is an exclusive transaction on an empty SQLite file: the operating system takes it back when the process dies,
 * however it dies, so no stale lock has ever to be removed by hand.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, TrackerError } from '../errors.ts';

export interface DataFolder {
  readonly journalFile: string;
  /** Lets others in. Idempotent. */
  unlock(): void;
}

/** Makes the folder if need be and locks it. Fails with `locked`, or `journal_failed` where it cannot be used. */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new TrackerError('journal_failed', `Cannot use the data folder ${folder}: ${describe(cause)}`, {
      cause,
    });
  });
  const lock = lockFile(join(folder, 'tracker.lock'), folder);
  return {
    journalFile: join(folder, 'journal.sqlite'),
    unlock: () => {
      if (lock.isOpen) lock.close();
    },
  };
}

function lockFile(file: string, folder: string): DatabaseSync {
  const lock = new DatabaseSync(file);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
    return lock;
  } catch (cause) {
    lock.close();
    if (/locked|busy/.test(describe(cause))) {
      const message = `The data folder ${folder} is in use by another tracker; stop that one, or choose another folder`;
      throw new TrackerError('locked', message, { cause });
    }
    throw new TrackerError('journal_failed', `Cannot lock the data folder ${folder}: ${describe(cause)}`, {
      cause,
    });
  }
}
