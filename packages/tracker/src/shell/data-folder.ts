/**
 * The folder in which a tracker keeps its journal, and out of which a second process is kept.
 */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, TrackerError } from '../errors.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { isErrno, makeFolders } from './folders.ts';

export interface DataFolder extends FolderLock {
  readonly journalFile: string;
  /**
   * Unlocks, and removes what `openDataFolder` made: for a start that came to nothing before anybody was told of it. The
   * journal has to be closed. A folder that was there before stays as it is.
   */
  discard(): Promise<void>;
}

const JOURNAL_FILE = 'journal.sqlite';
/** How the names begin of what a tracker makes there. A key that nobody was told of is nobody's. */
const OWN_FILES = [JOURNAL_FILE, 'tracker.lock', 'identity.pem'];

/** Makes the folder if need be and locks it. Fails with `locked`, or `journal_failed` where it cannot be used. */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const made = await makeFolders(folder, 0o700).catch((cause: unknown) => {
    throw new TrackerError('journal_failed', `Cannot use the data folder ${folder}: ${describe(cause)}`, {
      cause,
    });
  });
  const { unlock } = lockFolder(folder, { name: 'tracker', failure: 'journal_failed' });
  const discard = async (): Promise<void> => {
    // Before others may come in.
    if (made.includes(resolve(folder))) await removeFiles(folder);
    unlock();
    for (const path of made.toReversed()) if (!(await removeEmpty(path))) return;
  };
  return { journalFile: journalFileOf(folder), unlock, discard };
}

/** Where the journal of a data folder is. */
export function journalFileOf(folder: string): string {
  return join(folder, JOURNAL_FILE);
}

/** Those of a tracker, and no others. */
async function removeFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (OWN_FILES.some((own) => name.startsWith(own))) await rm(join(folder, name));
  }
}

/** False where others put something there. */
async function removeEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY') || isErrno(error, 'EEXIST') || isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
