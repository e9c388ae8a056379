/**
 * What every `ChunkStore` must do, as tests to run on any implementation with vitest. A store that passes can be given to
 * a peer.
 */
import { describe, expect, it } from 'vitest';
import { StoreError } from './errors.ts';
import { HASH_BYTES, LEAF_BYTES } from './limits.ts';
import { createManifest, type Manifest, pieceHash } from './manifest.ts';
import { merkleRoot } from './merkle-tree.ts';
import { type VerifiedPiece, verifyWholePiece } from './piece-assembler.ts';
import type { ChunkStore } from './store.ts';

/** How the suite gets its stores. It closes each of them, some twice. */
export interface ChunkStoreFactory {
  /** A store without any piece; left out for stores that are only read. */
  readonly empty?: (manifest: Manifest) => Promise<ChunkStore>;
  /** A store with every piece of the file. */
  readonly full: (manifest: Manifest, bytes: Uint8Array) => Promise<ChunkStore>;
}

/** Declares the suite for one kind of store. */
export function describeChunkStore(title: string, factory: ChunkStoreFactory): void {
  describe(`${title} as a ChunkStore`, () => {
    describeReading(factory);
    if (factory.empty !== undefined) describeWriting(factory.empty);
  });
}

const PIECE_LENGTH = 65_536;
const SIZES: readonly number[] = [
  0,
  1,
  LEAF_BYTES,
  LEAF_BYTES + 1,
  PIECE_LENGTH,
  3 * PIECE_LENGTH + LEAF_BYTES + 5,
];

function describeReading({ full }: ChunkStoreFactory): void {
  it.each(SIZES)('reads back every byte of a file of %i bytes', async (size) => {
    const { manifest, bytes } = sample(size);
    await using store = await full(manifest, bytes);
    expect(store.have.isComplete).toBe(true);
    expect(await readAll(store)).toEqual(bytes);
  });

  it('reads a block into memory that it is given, and nowhere else', async () => {
    const { manifest, bytes } = sample(2 * PIECE_LENGTH + 100);
    await using store = await full(manifest, bytes);
    const into = new Uint8Array(1_100).fill(9);
    const block = await store.readBlock(1, 7, 1_000, { into });
    expect(block).toEqual(bytes.slice(PIECE_LENGTH + 7, PIECE_LENGTH + 1_007));
    expect([block.buffer, block.byteOffset]).toEqual([into.buffer, into.byteOffset]);
    expect(into.subarray(1_000)).toEqual(new Uint8Array(100).fill(9));
    await expect(store.readBlock(1, 7, 1_000, { into: into.subarray(101) })).rejects.toBeInstanceOf(
      RangeError,
    );
  });

  it('reads blocks at any place, and nothing outside a piece', async () => {
    const { manifest, bytes } = sample(2 * PIECE_LENGTH + 100);
    await using store = await full(manifest, bytes);
    expect(await store.readBlock(1, 7, 1_000)).toEqual(bytes.slice(PIECE_LENGTH + 7, PIECE_LENGTH + 1_007));
    expect(await store.readBlock(2, 100, 0)).toHaveLength(0);
    for (const [index, offset, length] of [
      [2, 0, 101],
      [2, 101, 0],
      [0, -1, 5],
      [0, 1.5, 5],
      [0, 0, -1],
      [3, 0, 1],
      [-1, 0, 1],
    ] as const) {
      await expect(store.readBlock(index, offset, length)).rejects.toBeInstanceOf(RangeError);
    }
  });

  it('gives bytes that belong to the caller', async () => {
    const { manifest, bytes } = sample(100);
    await using store = await full(manifest, bytes);
    (await store.readBlock(0, 0, 100)).fill(0);
    expect(await store.readBlock(0, 0, 100)).toEqual(bytes);
  });

  it('gives leaf hashes that hash to the entry in the piece layer', async () => {
    for (const size of SIZES) {
      const { manifest, bytes } = sample(size);
      await using store = await full(manifest, bytes);
      for (let index = 0; index < store.layout.pieceCount; index += 1) {
        const leafHashes = await store.readLeafHashes(index);
        expect(leafHashes).toHaveLength(store.layout.leavesIn(index) * HASH_BYTES);
        const root = merkleRoot(leafHashes, { width: store.layout.pieceTreeWidth });
        expect(new Uint8Array(root)).toEqual(pieceHash(manifest, index));
      }
    }
  });

  it('accepts a piece that is here already, and completes any number of times', async () => {
    const { manifest, bytes } = sample(PIECE_LENGTH + 1);
    await using store = await full(manifest, bytes);
    await store.writePiece(pieceOf(manifest, bytes, 1));
    await store.flush();
    await store.complete();
    await store.complete();
    expect(await readAll(store)).toEqual(bytes);
  });

  it('refuses a call whose signal is aborted', async () => {
    const { manifest, bytes } = sample(10);
    await using store = await full(manifest, bytes);
    const signal = AbortSignal.abort(new Error('no more'));
    await expect(store.readBlock(0, 0, 1, { signal })).rejects.toThrow('no more');
    await expect(store.readLeafHashes(0, { signal })).rejects.toThrow('no more');
    await expect(store.writePiece(pieceOf(manifest, bytes, 0), { signal })).rejects.toThrow('no more');
    expect(await store.readBlock(0, 0, 10)).toEqual(bytes);
  });

  it('fails with closed after close, which may be called again', async () => {
    const { manifest, bytes } = sample(10);
    const store = await full(manifest, bytes);
    await store.close();
    await store.close();
    const piece = pieceOf(manifest, bytes, 0);
    expect(await codeOf(store.readBlock(0, 0, 1))).toBe('closed');
    expect(await codeOf(store.readLeafHashes(0))).toBe('closed');
    expect(await codeOf(store.writePiece(piece))).toBe('closed');
    expect(await codeOf(store.flush())).toBe('closed');
    expect(await codeOf(store.complete())).toBe('closed');
  });

  it('finishes what was asked before close', async () => {
    const { manifest, bytes } = sample(PIECE_LENGTH);
    const store = await full(manifest, bytes);
    const reading = store.readBlock(0, 0, PIECE_LENGTH);
    await store.close();
    expect(await reading).toEqual(bytes);
  });
}

function describeWriting(empty: (manifest: Manifest) => Promise<ChunkStore>): void {
  it.each(SIZES)('takes a file of %i bytes, its pieces in any order', async (size) => {
    const { manifest, bytes } = sample(size);
    await using store = await empty(manifest);
    expect(store.have.count).toBe(0);
    for (let index = store.layout.pieceCount - 1; index >= 0; index -= 1) {
      expect(store.have.has(index)).toBe(false);
      await store.writePiece(pieceOf(manifest, bytes, index));
      expect(store.have.has(index)).toBe(true);
    }
    await store.complete();
    expect(await readAll(store)).toEqual(bytes);
  });

  it('fails with missing_piece where the piece is not here', async () => {
    const { manifest, bytes } = sample(3 * PIECE_LENGTH);
    await using store = await empty(manifest);
    await store.writePiece(pieceOf(manifest, bytes, 1));
    expect(await codeOf(store.readBlock(0, 0, 1))).toBe('missing_piece');
    expect(await codeOf(store.readLeafHashes(2))).toBe('missing_piece');
    expect(await store.readBlock(1, 0, 10)).toEqual(bytes.slice(PIECE_LENGTH, PIECE_LENGTH + 10));
  });

  it('fails with incomplete until every piece is here, and stays usable', async () => {
    const { manifest, bytes } = sample(2 * PIECE_LENGTH);
    await using store = await empty(manifest);
    await store.writePiece(pieceOf(manifest, bytes, 0));
    expect(await codeOf(store.complete())).toBe('incomplete');
    await store.writePiece(pieceOf(manifest, bytes, 1));
    await store.complete();
  });

  it('takes many pieces, and the same one, at the same time', async () => {
    const { manifest, bytes } = sample(8 * PIECE_LENGTH);
    await using store = await empty(manifest);
    const indices = [0, 1, 2, 3, 4, 5, 6, 7, 3, 3];
    await Promise.all(indices.map((index) => store.writePiece(pieceOf(manifest, bytes, index))));
    await Promise.all([store.flush(), store.flush(), store.complete(), store.complete()]);
    expect(await readAll(store)).toEqual(bytes);
  });

  it('has its own copy once a piece is written, so that the buffer can be used again', async () => {
    const { manifest, bytes } = sample(PIECE_LENGTH);
    await using store = await empty(manifest);
    const piece = pieceOf(manifest, bytes, 0);
    await store.writePiece(piece);
    for (const part of piece.parts) part.fill(0);
    expect(await readAll(store)).toEqual(bytes);
  });

  it('refuses a piece of another file, and one that nobody verified', async () => {
    const { manifest } = sample(2 * PIECE_LENGTH);
    const other = sample(2 * PIECE_LENGTH + 1);
    await using store = await empty(manifest);
    expect(await codeOf(store.writePiece(pieceOf(other.manifest, other.bytes, 0)))).toBe('wrong_file');
    const forged = { ...pieceOf(manifest, sample(2 * PIECE_LENGTH).bytes, 0) } as VerifiedPiece;
    await expect(store.writePiece(forged)).rejects.toBeInstanceOf(TypeError);
    expect(store.have.count).toBe(0);
  });
}

function sample(size: number): { manifest: Manifest; bytes: Uint8Array } {
  const bytes = Uint8Array.from({ length: size }, (_, place) => (place * 131 + (place >> 8) * 17 + 1) & 255);
  return { bytes, manifest: createManifest({ name: 'sample.bin', bytes, pieceLength: PIECE_LENGTH }) };
}

function pieceOf(manifest: Manifest, bytes: Uint8Array, index: number): VerifiedPiece {
  const start = index * manifest.pieceLength;
  return verifyWholePiece(manifest, index, bytes.slice(start, start + manifest.pieceLength));
}

async function readAll(store: ChunkStore): Promise<Uint8Array> {
  const bytes = new Uint8Array(store.layout.size);
  for (let index = 0; index < store.layout.pieceCount; index += 1) {
    bytes.set(
      await store.readBlock(index, 0, store.layout.pieceSize(index)),
      store.layout.pieceOffset(index),
    );
  }
  return bytes;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}
