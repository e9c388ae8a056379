/**
 * The file system of this machine, by `node:fs`. It decides nothing but the flags.
 */
import { type BigIntStats, constants, fstatSync } from 'node:fs';
import fs, { type FileHandle as NodeHandle } from 'node:fs/promises';
import type { FileHandle, FileInfo, FileSystem, OpenMode } from './file-system.ts';

/** Makes the file system of this machine. */
export function createNodeFileSystem(): FileSystem {
  return {
    open: async (path, mode) => new OpenFile(await fs.open(path, FLAGS[mode], 0o666)),
    info: async (path) => {
      try {
        return toInfo(await fs.lstat(path, { bigint: true }));
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return undefined;
        throw error;
      }
    },
    realFolder: (path) => fs.realpath(path),
    link: (existing, path) => fs.link(existing, path),
    rename: (from, to) => fs.rename(from, to),
    unlink: (path) => fs.unlink(path),
    syncFolder,
  };
}

/** Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever. Windows has neither flag. */
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants;
const O_NOFOLLOW: number = constants.O_NOFOLLOW ?? 0;
const O_NONBLOCK: number = constants.O_NONBLOCK ?? 0;

const FLAGS: Readonly<Record<OpenMode, number>> = {
  shared: O_RDONLY | O_NONBLOCK,
  read: O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
  update: O_RDWR | O_NONBLOCK | O_NOFOLLOW,
  create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
};

class OpenFile implements FileHandle {
  readonly #handle: NodeHandle;

  constructor(handle: NodeHandle) {
    this.#handle = handle;
  }

  get descriptor(): number {
    return this.#handle.fd;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(target, 0, target.length, position)).bytesRead;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  syncData(): Promise<void> {
    return this.#handle.datasync();
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  async info(): Promise<FileInfo> {
    return toInfo(await this.#handle.stat({ bigint: true }));
  }

  infoNow(): FileInfo {
    return toInfo(fstatSync(this.#handle.fd, { bigint: true }));
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; NTFS journals names by itself.
  if (process.platform === 'win32') return;
  await using folder = await fs.open(path, O_RDONLY);
  try {
    await folder.sync();
  } catch (error) {
    // Some network file systems do not know how to sync a folder; there is nothing more to do there.
    if (!isErrno(error, 'EINVAL') && !isErrno(error, 'ENOTSUP')) throw error;
  }
}

function toInfo(stats: BigIntStats): FileInfo {
  return {
    kind: kindOf(stats),
    size: Number(stats.size),
    modifiedNs: stats.mtimeNs,
    id: `${stats.dev}:${stats.ino}`,
  };
}

function kindOf(stats: BigIntStats): FileInfo['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
