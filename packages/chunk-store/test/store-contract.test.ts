import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { describeChunkStore } from '../src/contract-tests.ts';
import {
  buildManifest,
  type ChunkStore,
  createMemoryStore,
  type Manifest,
  openDownload,
  openSource,
  verifyWholePiece,
} from '../src/index.ts';

let base = '';
let count = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'chunk-store-'));
});

afterAll(() => rm(base, { recursive: true, force: true }));

describeChunkStore('the memory store', {
  empty: async (manifest) => createMemoryStore({ manifest }),
  full: async (manifest, bytes) => createMemoryStore({ manifest, bytes }),
});

describeChunkStore('a download', {
  empty: async (manifest) => openDownload({ manifest, folder: await nextFolder() }),
  full: async (manifest, bytes) => {
    const store = await openDownload({ manifest, folder: await nextFolder() });
    const whole = createMemoryStore({ manifest, bytes });
    await copyPieces(manifest, whole, store);
    return store;
  },
});

describeChunkStore('a completed download that is opened again', {
  full: async (manifest, bytes) => {
    const folder = await nextFolder();
    const store = await openDownload({ manifest, folder });
    await copyPieces(manifest, createMemoryStore({ manifest, bytes }), store);
    await store.complete();
    await store.close();
    return openDownload({ manifest, folder });
  },
});

describeChunkStore('a source with its leaf hashes', {
  full: async (manifest, bytes) => {
    const { path, leavesPath } = await writeSource(bytes);
    const { pieceLength } = manifest;
    const built = await buildManifest(path, { name: manifest.name, pieceLength, leavesPath });
    return openSource({ ...built, path, leavesPath });
  },
});

describeChunkStore('a source without leaf hashes', {
  full: async (manifest, bytes) => {
    const { path } = await writeSource(bytes);
    const { identity } = await buildManifest(path, { pieceLength: manifest.pieceLength });
    return openSource({ manifest, identity, path });
  },
});

async function nextFolder(): Promise<string> {
  count += 1;
  return mkdtemp(join(base, `store-${count}-`));
}

async function writeSource(bytes: Uint8Array): Promise<{ path: string; leavesPath: string }> {
  const folder = await nextFolder();
  const path = join(folder, 'source.bin');
  await writeFile(path, bytes);
  return { path, leavesPath: join(folder, 'source.leaves') };
}

async function copyPieces(manifest: Manifest, from: ChunkStore, to: ChunkStore): Promise<void> {
  for (let index = 0; index < from.layout.pieceCount; index += 1) {
    const bytes = await from.readBlock(index, 0, from.layout.pieceSize(index));
    await to.writePiece(verifyWholePiece(manifest, index, bytes));
  }
}
