/** A disk in memory on which bits rot: sizes and times stay as they are when that happens. */
import type { FileHandle, FileInfo, FileSystem, OpenMode } from '@minitorrent/chunk-store';

interface Kept {
  readonly id: string;
  bytes: Uint8Array;
  modifiedNs: bigint;
}

export class MemoryDisk implements FileSystem {
  readonly #files: Map<string, Kept>;
  #made = 0;

  constructor(files: ReadonlyMap<string, Kept> = new Map()) {
    this.#files = new Map([...files].map(([path, kept]) => [path, { ...kept, bytes: kept.bytes.slice() }]));
  }

  /** Another disk with the same on it. */
  copy(): MemoryDisk {
    return new MemoryDisk(this.#files);
  }

  /** The paths of its files and their bytes, which may be changed in place. */
  get contents(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#files].map(([path, { bytes }]) => [path, bytes]));
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    if (mode === 'create') {
      if (this.#files.has(path)) throw failure('EEXIST');
      this.#made += 1;
      this.#files.set(path, { id: `${path} ${this.#made}`, bytes: new Uint8Array(), modifiedNs: 1n });
    }
    const kept = this.#files.get(path);
    if (kept === undefined) throw failure('ENOENT');
    return handleOf(kept);
  }

  async info(path: string): Promise<FileInfo | undefined> {
    const kept = this.#files.get(path);
    return kept === undefined ? undefined : infoOf(kept);
  }

  async realFolder(path: string): Promise<string> {
    return path;
  }

  async link(existing: string, path: string): Promise<void> {
    const kept = this.#files.get(existing);
    if (kept === undefined || this.#files.has(path)) throw failure(kept === undefined ? 'ENOENT' : 'EEXIST');
    this.#files.set(path, kept);
  }

  async rename(from: string, to: string): Promise<void> {
    const kept = this.#files.get(from);
    if (kept === undefined) throw failure('ENOENT');
    this.#files.delete(from);
    this.#files.set(to, kept);
  }

  async unlink(path: string): Promise<void> {
    if (!this.#files.delete(path)) throw failure('ENOENT');
  }

  async syncFolder(): Promise<void> {}
}

function handleOf(kept: Kept): FileHandle {
  return {
    read: async (target, position) => {
      const part = kept.bytes.subarray(position, position + target.length);
      target.set(part);
      return part.length;
    },
    write: async (bytes, position) => {
      if (position + bytes.length > kept.bytes.length)
        kept.bytes = resized(kept.bytes, position + bytes.length);
      kept.bytes.set(bytes, position);
      kept.modifiedNs += 1n;
      return bytes.length;
    },
    truncate: async (size) => {
      kept.bytes = resized(kept.bytes, size);
      kept.modifiedNs += 1n;
    },
    syncData: async () => {},
    sync: async () => {},
    info: async () => infoOf(kept),
    close: async () => {},
  };
}

function infoOf({ id, bytes, modifiedNs }: Kept): FileInfo {
  return { kind: 'file', size: bytes.length, modifiedNs, id };
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const other = new Uint8Array(size);
  other.set(bytes.subarray(0, size));
  return other;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
