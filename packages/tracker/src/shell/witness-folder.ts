/**
 * A folder of the operating system as the files of a witness. It decides nothing but the flags and the permissions.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, TrackerError } from '../errors.ts';
import { WITNESS_LIMITS } from '../witness/limits.ts';
import type { WitnessFiles } from '../witness/witness-files.ts';
import { isErrno, makeFolders, syncFolder } from './folders.ts';

/** The register holds the cluster's id, which is a secret between operators. */
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;
/** A link is not followed: a rename would replace it, not what it leads to. Windows has no such flag. */
const READ: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** Files in `folder`, which need not be there yet. */
export function createWitnessFiles(folder: string): WitnessFiles {
  return {
    place: folder,
    read: (name) => readFile(join(folder, name)),
    create: async (name) => {
      const handle = await open(join(folder, name), 'wx', PRIVATE_FILE);
      return {
        write: (bytes) => handle.writeFile(bytes),
        sync: () => handle.sync(),
        close: () => handle.close(),
      };
    },
    rename: (from, to) => rename(join(folder, from), join(folder, to)),
    remove: (name) => rm(join(folder, name), { force: true }),
    syncFolder: () => syncFolder(folder),
  };
}

/**
 * Makes the folder where it is missing, durably and for its owner alone; those above it as any program makes them. Fails
 * with `register_failed`.
 */
export async function makeWitnessFolder(folder: string): Promise<void> {
  try {
    for (const made of await makeFolders(folder, PRIVATE_FOLDER)) await syncFolder(dirname(made));
  } catch (cause) {
    const message = `Cannot make the folder ${folder}: ${describe(cause)}`;
    throw new TrackerError('register_failed', message, { cause });
  }
}

async function readFile(path: string): Promise<Uint8Array | undefined> {
  const handle = await openToRead(path);
  if (handle === undefined) return undefined;
  try {
    const buffer = new Uint8Array(WITNESS_LIMITS.fileBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0) return buffer.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
}

async function openToRead(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, READ);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
