/**
 * Makes folders, and takes those away again that were made for nothing.
 *
 * Folder by folder: the recursive mkdir of Node.js never ends where the kernel makes no folders, as under `/proc`.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CliError } from './cli-error.ts';
import { systemReason } from './failure.ts';

/** Makes a folder as any program makes one, and those above it that are missing. Fails with `folder_failed`. */
export async function makeFolder(path: string): Promise<void> {
  await make(path, 0o777);
}

/**
 * Makes a folder that its owner alone can read, and as above those above it; answers what it made, topmost first. Fails with
 * `folder_failed`.
 */
export function makePrivateFolder(path: string): Promise<readonly string[]> {
  return make(path, 0o700);
}

/**
 * Makes a private folder for what `open` keeps there. Where that fails the folder is as it was: what was made for it goes, with
 * all that is in it. Nothing that was there before does, nor what another process has begun to use.
 */
export async function openInFolder<T>(path: string, open: () => Promise<T>): Promise<T> {
  const made = await makePrivateFolder(path);
  try {
    return await open();
  } catch (error) {
    if (made.includes(path) && !isInUse(error)) await takeAway(made, path);
    throw error;
  }
}

async function make(path: string, mode: number): Promise<readonly string[]> {
  const above = dirname(path);
  const made = existsSync(above) ? [] : await make(above, 0o777);
  try {
    await mkdir(path, { mode });
    return [...made, path];
  } catch (cause) {
    if (existsSync(path) && statSync(path).isDirectory()) return made;
    const message = `Cannot make the folder ${path}: ${systemReason(cause)}`;
    throw new CliError('folder_failed', message, { cause });
  }
}

async function takeAway(made: readonly string[], path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  for (const folder of made.filter((each) => each !== path).toReversed()) {
    // Something else is in it by now.
    await rmdir(folder).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
    });
  }
}

function isInUse(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'locked' || code === 'data_folder_in_use';
}
