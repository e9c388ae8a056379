/**
 * `minitorrent tracker backup` and `tracker restore`: copies of a journal in a data folder, and back.
 */
import { resolve } from 'node:path';
import type { BackupReport } from '@minitorrent/tracker/backup';
import { CliError } from '../cli-error.ts';
import { dataFolder, type Variables } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import { openInFolder } from '../folders.ts';
import { readJournalPlace } from '../journal-place.ts';
import type { World } from '../world.ts';
import { operate } from './operate.ts';

/** The options as the user wrote them. */
export interface BackupCommandOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** What does the work; tests use others. */
export interface BackupTools {
  backUp(folder: string, file: string): Promise<BackupReport>;
  restore(file: string, folder: string): Promise<BackupReport>;
}

/** Copies the journal to `file`, which must not be there; the tracker may be running. Answers the exit code. */
export function runTrackerBackup(
  file: string,
  options: BackupCommandOptions,
  world: World,
  { backUp }: BackupTools,
): Promise<ExitCode> {
  return operate('tracker backup', options, world, async (reporter) => {
    const folder = await folderFor(options, world.variables);
    const path = resolve(file);
    const report = await backUp(folder, path);
    reporter.result({ command: 'tracker_backup', file: path, dataFolder: folder, ...report });
    return undefined;
  });
}

/** Makes `file` the journal of a data folder that has none; the tracker must not be running. Answers the exit code. */
export function runTrackerRestore(
  file: string,
  options: BackupCommandOptions,
  world: World,
  { restore }: BackupTools,
): Promise<ExitCode> {
  return operate('tracker restore', options, world, async (reporter) => {
    const folder = await folderFor(options, world.variables);
    const path = resolve(file);
    const report = await openInFolder(folder, () => restore(path, folder));
    reporter.result({ command: 'tracker_restore', file: path, dataFolder: folder, ...report });
    return undefined;
  });
}

/** Fails with `bad_arguments` where the journal is in PostgreSQL, which has tools of its own. */
async function folderFor(options: BackupCommandOptions, variables: Variables): Promise<string> {
  const isFolderNamed = options.data !== undefined && options.data !== variables.MINITORRENT_DATA;
  if (!isFolderNamed && readJournalPlace({}, variables) !== undefined) {
    const message =
      'Cannot copy a journal in PostgreSQL, which MINITORRENT_JOURNAL names: use pg_dump, or name a folder with --data';
    throw new CliError('bad_arguments', message);
  }
  return dataFolder('tracker', { data: options.data, variables });
}
