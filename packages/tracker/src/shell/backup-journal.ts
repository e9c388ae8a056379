/**
 * A copy of a tracker's journal, made while the tracker may be running, and checked before it gets its name.
 */
import { link, lstat, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TrackerError } from '../errors.ts';
import { journalFileOf } from './data-folder.ts';
import { isErrno, syncFolder } from './folders.ts';
import { copyJournal, removeJournalFiles, temporaryNameFor } from './journal-copy.ts';
import { verifyJournalFile } from './sqlite-reader.ts';
import { journalError } from './sqlite-statements.ts';

export interface BackUpOptions {
  /** The data folder of the tracker. */
  readonly dataDir: string;
  /** The file to make. It holds every password's hash. */
  readonly to: string;
}

/** What a backup holds. */
export interface BackupReport {
  /** Entries that are kept one by one; those before them are in a snapshot. */
  readonly entries: number;
  /** The index of the last entry. */
  readonly headIndex: number;
  /** The size of the file. */
  readonly bytes: number;
}

/**
 * Copies the journal of a data folder to a file: all that was acknowledged when it began. The whole copy is checked first,
 * so this is for a process that does nothing else. Fails with `target_exists`, `journal_failed`, and `journal_corrupt`
 * where the journal is damaged.
 */
export async function backUpJournal({ dataDir, to }: BackUpOptions): Promise<BackupReport> {
  const target = resolve(to);
  const temporary = temporaryNameFor(target);
  try {
    await requireFree(target);
    await copyJournal(journalFileOf(dataDir), temporary);
    const { head, entries } = await verifyJournalFile(temporary);
    await giveName(temporary, target);
    await syncFolder(dirname(target));
    return { entries, headIndex: head.index, bytes: (await stat(target)).size };
  } catch (error) {
    await removeJournalFiles(temporary);
    throw journalError(error);
  }
}

async function requireFree(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  throw taken(path);
}

/** Gives the file its name while that is free. */
async function giveName(file: string, name: string): Promise<void> {
  try {
    await link(file, name);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw taken(name);
    // A file system without hard links: here somebody else may take the name in between.
    await requireFree(name);
    await rename(file, name);
    return;
  }
  await rm(file);
}

function taken(path: string): TrackerError {
  return new TrackerError(
    'target_exists',
    `Cannot back up to ${path}: it is there already; choose another name`,
  );
}
