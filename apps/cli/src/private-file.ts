/**
 * Small files that only their owner may read, replaced as a whole: whoever reads one sees all of the old or all of the new
 * content, after a power cut too.
 */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makePrivateFolder } from './folders.ts';

const PRIVATE = 0o600;

/** The text of a file; undefined where there is none. */
export async function readFileIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Durable when this resolves. The folder is made where it is missing, for its owner alone. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await makePrivateFolder(folder);
  const temporary = `${path}.${randomUUID()}`;
  try {
    await using file = await open(temporary, 'wx', PRIVATE);
    await file.writeFile(text);
    await file.sync();
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; NTFS journals names by itself.
  if (process.platform === 'win32') return;
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync();
}
