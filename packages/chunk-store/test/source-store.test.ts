import {
  mkdir,
  open as openFile,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildManifest, type ChunkStore, openSource, type SourceOptions } from '../src/index.ts';
import { isSameBytes, patternBytes } from './bytes.ts';
import { codeOfCall } from './error-code.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const PIECE_LENGTH = 65_536;
const BYTES = patternBytes(4 * PIECE_LENGTH + 1_000);

describe('openSource', () => {
  it('serves the file from where it lies, copying and changing nothing', async () => {
    await using shared = await share();
    const before = await stat(shared.path, { bigint: true });
    const { store } = shared;
    for (let index = 0; index < store.layout.pieceCount; index += 1) {
      const bytes = await store.readBlock(index, 0, store.layout.pieceSize(index));
      expect(isSameBytes(bytes, pieceBytes(index))).toBe(true);
    }
    expect((await stat(shared.path, { bigint: true })).mtimeNs).toBe(before.mtimeNs);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['changed in place', (path) => writeAt(path, 10, Uint8Array.of(0))],
    ['longer', (path) => writeAt(path, BYTES.length, Uint8Array.of(0))],
    ['shorter', (path) => truncate(path, 100)],
    ['touched', (path) => utimes(path, 1, 1)],
  ])('notices at the next read that the file was %s, and has no piece any more', async (_, change) => {
    await using shared = await share();
    const { store } = shared;
    expect(await codeOfCall(store.readBlock(0, 0, 10))).toBe('nothing thrown');
    await change(shared.path);
    expect(await codeOfCall(store.readBlock(0, 0, 10))).toBe('source_changed');
    expect(store.have.count).toBe(0);
    expect(await codeOfCall(store.readBlock(0, 0, 10))).toBe('missing_piece');
    expect(await codeOfCall(store.readLeafHashes(1))).toBe('missing_piece');
    expect(await codeOfCall(store.complete())).toBe('incomplete');
    await store.close();
    expect(await codeOfCall(openSource(shared.options))).toBe('source_changed');
  });

  it('goes on serving a file that was deleted or replaced by another: it has the old one open', async () => {
    await using shared = await share();
    await rm(shared.path);
    await writeFile(shared.path, 'another file');
    expect(isSameBytes(await shared.store.readBlock(1, 0, PIECE_LENGTH), pieceBytes(1))).toBe(true);
    await shared.store.close();
    expect(await codeOfCall(openSource(shared.options))).toBe('source_changed');
  });

  it('never makes an honest peer look like a liar when the leaf hashes are damaged', async () => {
    await using shared = await share();
    const { store, leavesPath } = shared;
    const good = await readFile(leavesPath);
    const leavesOf = (index: number): Buffer => good.subarray(index * 4 * 32, (index + 1) * 4 * 32);
    await writeAt(leavesPath, 2 * 4 * 32 + 7, Uint8Array.of(1, 2, 3));
    expect(isSameBytes(await store.readLeafHashes(2), leavesOf(2))).toBe(true);
    expect(isSameBytes(await readFile(leavesPath), good)).toBe(true);
    await truncate(leavesPath, 0);
    expect(isSameBytes(await store.readLeafHashes(3), leavesOf(3))).toBe(true);
    // What was checked once is not read again.
    expect(await store.readLeafHashes(2)).toBe(await store.readLeafHashes(2));
  });

  it('makes the leaf hashes anew where they are missing', async () => {
    await using shared = await share();
    const good = await readFile(shared.leavesPath);
    await shared.store.close();
    await rm(shared.leavesPath);
    await using store = await openSource(shared.options);
    for (let index = 0; index < store.layout.pieceCount; index += 1) await store.readLeafHashes(index);
    expect(isSameBytes(await readFile(shared.leavesPath), good)).toBe(true);
  });

  it('finds a change that left no trace but in the bytes, and takes that piece back', async () => {
    await using shared = await share();
    const { atime, mtime } = await stat(shared.path);
    await shared.store.close();
    await rm(shared.leavesPath);
    await writeAt(shared.path, PIECE_LENGTH + 3, Uint8Array.of(0, 0));
    await utimes(shared.path, atime, mtime);
    const { mtimeNs, size } = await stat(shared.path, { bigint: true });
    const identity = { size: Number(size), modifiedNs: mtimeNs };
    await using store = await openSource({ ...shared.options, identity });
    expect(await codeOfCall(store.readLeafHashes(1))).toBe('corrupt_piece');
    expect([...store.have.missing()]).toEqual([1]);
    expect(await codeOfCall(store.readLeafHashes(0))).toBe('nothing thrown');
  });

  it('opens what the user names through a link, and nothing but a file', async () => {
    await using shared = await share();
    const linked = `${shared.path}.link`;
    await symlink(shared.path, linked);
    await using store = await openSource({ ...shared.options, path: linked });
    expect(await codeOfCall(store.readBlock(0, 0, 1))).toBe('nothing thrown');
    const folder = `${shared.path}.folder`;
    await mkdir(folder);
    expect(await codeOfCall(openSource({ ...shared.options, path: folder }))).toBe('not_a_file');
    expect(await codeOfCall(openSource({ ...shared.options, path: join(folder, 'nothing') }))).toBe(
      'not_found',
    );
    expect(await codeOfCall(openSource({ ...shared.options, leavesPath: linked }))).toBe('not_a_file');
  });

  it('refuses an identity that is not of the file in the manifest', async () => {
    await using shared = await share();
    await writeAt(shared.path, BYTES.length, Uint8Array.of(1));
    const { mtimeNs, size } = await stat(shared.path, { bigint: true });
    const identity = { size: Number(size), modifiedNs: mtimeNs };
    expect(await codeOfCall(openSource({ ...shared.options, identity }))).toBe('source_changed');
  });
});

interface Shared extends AsyncDisposable {
  readonly path: string;
  readonly leavesPath: string;
  readonly options: SourceOptions;
  readonly store: ChunkStore;
}

async function share(): Promise<Shared> {
  const folder = await createTemporaryFolder();
  const path = join(folder.path, 'shared.bin');
  const leavesPath = join(folder.path, 'shared.leaves');
  await writeFile(path, BYTES);
  const built = await buildManifest(path, { pieceLength: PIECE_LENGTH, leavesPath });
  const options = { ...built, path, leavesPath };
  const store = await openSource(options);
  const dispose = async (): Promise<void> => {
    await store.close();
    await folder[Symbol.asyncDispose]();
  };
  return { path, leavesPath, options, store, [Symbol.asyncDispose]: dispose };
}

function pieceBytes(index: number): Uint8Array {
  return BYTES.slice(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH);
}

async function writeAt(path: string, position: number, bytes: Uint8Array): Promise<void> {
  await using file = await openFile(path, 'r+');
  await file.write(bytes, 0, bytes.length, position);
}
