import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync } from 'node:fs';
import { mkdir, open as openFile, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  buildManifest,
  createManifest,
  createNodeFileSystem,
  type FileHandle,
  hashLeaves,
} from '../src/index.ts';
import { chooseWorkers } from '../src/shell/manifest-builder.ts';
import golden from './bep52-roots.json' with { type: 'json' };
import { hex, isSameBytes, patternBytes } from './bytes.ts';
import { codeOfCall } from './error-code.ts';
import { FaultFileSystem } from './fault-file-system.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const MIB = 1_048_576;
/** Several segments, the last one short. */
const BYTES = patternBytes(13 * MIB + 4_321);

describe('buildManifest', () => {
  it.each(golden.vectors)(
    'gives the BEP 52 root of $size bytes, on this thread and on workers',
    async ({ size, piecesRoot }) => {
      await using file = await createFile(patternBytes(size));
      for (const workers of [0, 1]) {
        const { manifest } = await buildManifest(file.path, { workers });
        expect(hex(manifest.root)).toBe(piecesRoot);
      }
    },
  );

  it.each([65_536, MIB, 4 * MIB])(
    'gives with pieces of %i bytes what hashing in memory gives',
    async (pieceLength) => {
      await using file = await createFile(BYTES);
      const wanted = createManifest({ name: 'file.bin', bytes: BYTES, pieceLength });
      for (const workers of [0, 1, 3]) {
        const leavesPath = `${file.path}.${workers}.leaves`;
        const { manifest } = await buildManifest(file.path, { pieceLength, workers, leavesPath });
        expect(manifest).toEqual(wanted);
        expect(isSameBytes(await readFile(leavesPath), hashLeaves(BYTES))).toBe(true);
      }
    },
  );

  it('takes an empty file', async () => {
    await using file = await createFile(new Uint8Array(0));
    const { manifest, identity } = await buildManifest(file.path, { leavesPath: `${file.path}.leaves` });
    expect(manifest).toEqual(createManifest({ name: 'file.bin', bytes: new Uint8Array(0) }));
    expect(identity.size).toBe(0);
  });

  it('reports how far it is, up to the end', async () => {
    await using file = await createFile(BYTES);
    for (const workers of [0, 2]) {
      const seen: number[] = [];
      await buildManifest(file.path, { workers, onProgress: ({ hashedBytes }) => seen.push(hashedBytes) });
      expect(seen.length).toBeGreaterThan(2);
      expect(seen).toEqual([...seen].sort((left, right) => left - right));
      expect(seen.at(-1)).toBe(BYTES.length);
    }
  });

  it.each([0, 2])(
    'stops when told to, with nothing left open and no thread alive: %i workers',
    async (workers) => {
      await using file = await createFile(BYTES);
      const filesBefore = openFiles();
      const controller = new AbortController();
      const leavesPath = `${file.path}.leaves`;
      const building = buildManifest(file.path, {
        workers,
        leavesPath,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      });
      await expect(building).rejects.toThrow('enough');
      expect(openFiles()).toEqual(filesBefore);
      expect(await readdir(join(file.path, '..'))).toEqual(['file.bin']);
      await expect(buildManifest(file.path, { signal: controller.signal })).rejects.toThrow('enough');
    },
  );

  it('leaves nothing open when it is done, or when a callback fails', async () => {
    using _ = watchWorkers(4);
    await using file = await createFile(BYTES);
    const filesBefore = openFiles();
    await buildManifest(file.path, { workers: 2 });
    const bug = new TypeError('a bug');
    const building = buildManifest(file.path, {
      workers: 2,
      onProgress: () => {
        throw bug;
      },
    });
    await expect(building).rejects.toBe(bug);
    expect(openFiles()).toEqual(filesBefore);
  });

  it.each([0, 2])('notices that the file changes while it is hashed: %i workers', async (workers) => {
    await using file = await createFile(BYTES);
    let isFirst = true;
    const growing = buildManifest(file.path, {
      workers,
      onProgress: () => {
        if (isFirst) appendFileSync(file.path, 'x');
        isFirst = false;
      },
    });
    expect(await codeOfCall(growing)).toBe('source_changed');
  });

  it.each([0, 2])('notices that the file ends early: %i workers', async (workers) => {
    await using file = await createFile(BYTES);
    const fs = createNodeFileSystem();
    // The size is asked for first; by then the file is longer than when it is read.
    const open: typeof fs.open = async (path, mode) => {
      const handle = await fs.open(path, mode);
      const info = await handle.info();
      await truncate(path, MIB);
      return withInfo(handle, async () => info);
    };
    expect(await codeOfCall(buildManifest(file.path, { workers, fs: { ...fs, open } }))).toBe(
      'source_changed',
    );
  });

  it('refuses folders, pipes and what is not there, and follows a link', async () => {
    await using file = await createFile(BYTES.slice(0, 100));
    await mkdir(`${file.path}.folder`);
    expect(await codeOfCall(buildManifest(`${file.path}.folder`))).toBe('not_a_file');
    execFileSync('mkfifo', [`${file.path}.pipe`]);
    expect(await codeOfCall(buildManifest(`${file.path}.pipe`))).toBe('not_a_file');
    expect(await codeOfCall(buildManifest(`${file.path}.none`))).toBe('not_found');
    await symlink(file.path, `${file.path}.link`);
    const { manifest } = await buildManifest(`${file.path}.link`);
    expect(manifest).toMatchObject({ name: 'file.bin.link', size: 100 });
  });

  it('refuses a name that others cannot store, and takes another one', async () => {
    await using file = await createFile(Uint8Array.of(1));
    await writeFile(`${file.path}:x`, 'x');
    expect(await codeOfCall(buildManifest(`${file.path}:x`))).toBe('bad_name');
    const { manifest } = await buildManifest(`${file.path}:x`, { name: 'good' });
    expect(manifest.name).toBe('good');
  });

  it('refuses a file that needs too many pieces, before it reads a byte', async () => {
    await using file = await createFile(new Uint8Array(0));
    await truncate(file.path, 65_536 * 262_144 + 1);
    expect(await codeOfCall(buildManifest(file.path, { pieceLength: 65_536 }))).toBe('bad_layout');
  });

  it('passes on what the operating system said to a worker', async () => {
    await using file = await createFile(BYTES);
    await using unreadable = await openFile(`${file.path}.log`, 'a');
    const fs = createNodeFileSystem();
    const open: typeof fs.open = async (path, mode) => {
      const handle = await fs.open(path, mode);
      return withInfo(handle, () => handle.info(), unreadable.fd);
    };
    expect(await codeOfCall(buildManifest(file.path, { workers: 1, fs: { ...fs, open } }))).toBe('io_failed');
  });

  it('keeps no half-written leaf hashes when the disk is full', async () => {
    const fs = new FaultFileSystem(['/files']);
    fs.plant('/files/a.bin', BYTES.slice(0, MIB));
    fs.beforeStep = ({ action }) => {
      if (action === 'write') throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
    const building = buildManifest('/files/a.bin', { fs, leavesPath: '/files/a.leaves' });
    expect(await codeOfCall(building)).toBe('disk_full');
    expect([...fs.contents().keys()]).toEqual(['/files/a.bin']);
    expect(fs.openHandles).toBe(0);
  });
});

describe('chooseWorkers', () => {
  it('starts threads only for files that are worth them', () => {
    expect(chooseWorkers(0)).toBe(0);
    expect(chooseWorkers(MIB)).toBe(0);
    expect(chooseWorkers(1_000 * MIB)).toBeGreaterThan(0);
  });
});

async function createFile(bytes: Uint8Array): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await createTemporaryFolder();
  const path = join(folder.path, 'file.bin');
  await writeFile(path, bytes);
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

function withInfo(handle: FileHandle, info: FileHandle['info'], descriptor = handle.descriptor): FileHandle {
  return {
    descriptor,
    read: (target, position) => handle.read(target, position),
    write: (bytes, position) => handle.write(bytes, position),
    truncate: (size) => handle.truncate(size),
    syncData: () => handle.syncData(),
    sync: () => handle.sync(),
    info,
    close: () => handle.close(),
  };
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd');
}

/** The threads that were started since, for `using`; disposal demands that they were, and that all have ended. */
function watchWorkers(count: number): Disposable {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker): void => void workers.push(worker);
  process.on('worker', onWorker);
  return {
    [Symbol.dispose]() {
      process.off('worker', onWorker);
      expect(workers).toHaveLength(count);
      // What a worker answers that has ended.
      expect(workers.map(({ threadId }) => threadId)).toEqual(workers.map(() => -1));
    },
  };
}
