/**
 * The folder in which a tracker keeps its journal, and out of which a second process is kept.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, TrackerError } from '../errors.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';

export interface DataFolder extends FolderLock {
  readonly journalFile: string;
}

/** Makes the folder if need be and locks it. Fails with `locked`, or `journal_failed` where it cannot be used. */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new TrackerError('journal_failed', `Cannot use the data folder ${folder}: ${describe(cause)}`, {
      cause,
    });
  });
  const { unlock } = lockFolder(folder, { name: 'tracker', failure: 'journal_failed' });
  return { journalFile: join(folder, 'journal.sqlite'), unlock };
}
