/**
 * Keeps a second process out of a folder.
 *
 * The lock is an exclusive transaction on an empty SQLite file: the operating system takes it back when the process dies,
 * however it dies, so no stale lock has ever to be removed by hand.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, TrackerError, type TrackerErrorCode } from '../errors.ts';

/** A folder that is locked. */
export interface FolderLock {
  /** Lets others in. Idempotent. */
  unlock(): void;
}

/** Who locks a folder, and the code of the error where it cannot be locked at all. */
export interface FolderUser {
  readonly name: 'tracker' | 'witness';
  readonly failure: TrackerErrorCode;
}

/** Locks a folder that exists, by a file named after the user. Fails with `locked` while another one has it. */
export function lockFolder(folder: string, { name, failure }: FolderUser): FolderLock {
  const cannot = (cause: unknown): TrackerError =>
    new TrackerError(failure, `Cannot lock the data folder ${folder}: ${describe(cause)}`, { cause });
  const lock = openFile(join(folder, `${name}.lock`), cannot);
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (cause) {
    lock.close();
    if (!/locked|busy/.test(describe(cause))) throw cannot(cause);
    const message = `The data folder ${folder} is in use by another ${name}; stop that one, or choose another folder`;
    throw new TrackerError('locked', message, { cause });
  }
  return {
    unlock: () => {
      if (lock.isOpen) lock.close();
    },
  };
}

function openFile(path: string, cannot: (cause: unknown) => TrackerError): DatabaseSync {
  try {
    return new DatabaseSync(path);
  } catch (cause) {
    throw cannot(cause);
  }
}
