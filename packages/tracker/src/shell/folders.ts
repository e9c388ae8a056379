/** Makes folders, and makes the names in them durable. */
import { constants } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes the folder `path` with `mode`, and those above it that are missing as any program makes them; answers what it
 * made, topmost first. Fails as the operating system does, where `mkdir` with `recursive` never ends: the kernel may say
 * of a folder that cannot be made that one above it is missing (under `/proc`).
 */
export async function makeFolders(path: string, mode: number): Promise<readonly string[]> {
  const wanted = resolve(path);
  const missing: string[] = [];
  for (let folder = wanted; !(await isFolder(folder)); folder = dirname(folder)) missing.unshift(folder);
  const made: string[] = [];
  for (const folder of missing)
    if (await makeFolder(folder, folder === wanted ? mode : 0o777)) made.push(folder);
  return made;
}

/** Makes the names in `folder` durable, where the file system knows how. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; NTFS journals names by itself.
  if (process.platform === 'win32') return;
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync().catch((error: unknown) => {
    // Some network file systems do not; there is nothing more to do there.
    if (!isErrno(error, 'EINVAL') && !isErrno(error, 'ENOTSUP')) throw error;
  });
}

/** Whether `error` is the operating system's of that code. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** False where nothing is there. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
  throw new Error(`${path} is there, and no folder`);
}

/** False where somebody else was first. */
async function makeFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST') && (await isFolder(path))) return false;
    throw error;
  }
}
