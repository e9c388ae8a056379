/**
 * Whole reads and writes over a file system that may do less than asked at a time, and files by name.
 */
import { StoreError } from '../errors.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle, FileInfo, FileSystem, OpenMode } from './file-system.ts';

/** Fills `target` from `position` on; the number of bytes there were, less than asked only at the end of the file. */
export async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const count = await handle.read(target.subarray(filled), position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Writes all of `bytes` at `position`. Fails with `io_failed` where the file system accepts nothing. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const count = await handle.write(bytes.subarray(written), position + written);
    if (count === 0)
      throw new StoreError('io_failed', `Cannot write at ${position + written}: nothing was accepted`);
    written += count;
  }
}

/** Writes what follows each other at `position`. Fails as `writeFully`. */
export async function writeParts(
  handle: FileHandle,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let written = 0;
  for (const part of parts) {
    await writeFully(handle, part, position + written);
    written += part.length;
  }
}

/** Opens a regular file. Fails with `not_a_file` for anything else at the path. */
export async function openFile(
  fs: FileSystem,
  path: string,
  mode: OpenMode,
): Promise<{ handle: FileHandle; info: FileInfo }> {
  const handle = await attempt('open', path, () => fs.open(path, mode));
  try {
    const info = await attempt('look at', path, () => handle.info());
    if (info.kind !== 'file')
      throw new StoreError('not_a_file', `Cannot use ${path}: it is a ${info.kind}`, { path });
    return { handle, info };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Opens a regular file, or makes it of `size` bytes, all a hole. `isNew` tells which; the folder is not synced. */
export async function openOrCreate(
  fs: FileSystem,
  path: string,
  size: number,
): Promise<{ handle: FileHandle; info: FileInfo; isNew: boolean }> {
  const isNew = (await attempt('look at', path, () => fs.info(path))) === undefined;
  const { handle, info } = await openFile(fs, path, isNew ? 'create' : 'update');
  try {
    if (info.size !== size) await attempt('set the size of', path, () => handle.truncate(size));
    return { handle, info, isNew };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The whole content of a small file; undefined if there is none, or more than `maxBytes` of it. */
export async function readSmallFile(
  fs: FileSystem,
  path: string,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  if ((await attempt('look at', path, () => fs.info(path))) === undefined) return undefined;
  const { handle, info } = await openFile(fs, path, 'read');
  try {
    if (info.size > maxBytes) return undefined;
    const bytes = new Uint8Array(info.size);
    const count = await attempt('read', path, () => readFully(handle, bytes, 0));
    return bytes.subarray(0, count);
  } finally {
    await handle.close();
  }
}

/** Deletes the file if it is there. */
export async function removeFile(fs: FileSystem, path: string): Promise<void> {
  if ((await attempt('look at', path, () => fs.info(path))) === undefined) return;
  await attempt('delete', path, () => fs.unlink(path));
}

/** Deletes those that are there; tries all of them, and then fails as the first that failed. */
export async function removeFiles(fs: FileSystem, paths: Iterable<string>): Promise<void> {
  const removals = await Promise.allSettled([...paths].map((path) => removeFile(fs, path)));
  for (const removal of removals) if (removal.status === 'rejected') throw removal.reason;
}
