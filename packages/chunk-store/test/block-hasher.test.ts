import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HashedBlock } from '../src/hashed-block.ts';
import {
  type BlockHasher,
  createBlockHasher,
  createManifest,
  createPieceAssembler,
  hashLeaves,
} from '../src/index.ts';
import { HashThreads } from '../src/shell/hash-threads.ts';
import { patternBytes } from './bytes.ts';

describe.each([0, 1, 2])('createBlockHasher with %i threads', (threads) => {
  let hasher: BlockHasher;
  beforeAll(() => {
    hasher = createBlockHasher({ threads });
    if (threads > 0) return untilThreaded(hasher);
  });
  afterAll(() => hasher[Symbol.asyncDispose]());

  it('hashes every block as the calling thread does, in memory of its own and in any other', async () => {
    const blocks = fc.uint8Array({ maxLength: 3 }).chain((edge) =>
      fc.record({
        bytes: fc
          .integer({ min: 0, max: 5 })
          .map((leaves) => new Uint8Array([...new Uint8Array(leaves * 16_384), ...edge])),
        from: fc.nat({ max: 5_000 }),
        isOwn: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(blocks, { maxLength: 5 }), async (sent) => {
        const copies = sent.map(({ bytes, from, isOwn }) => {
          const memory = isOwn ? hasher.allocate(from + bytes.length) : new Uint8Array(from + bytes.length);
          memory.set(bytes, from);
          return memory.subarray(from, from + bytes.length);
        });
        const hashed = await Promise.all(copies.map((copy) => hasher.hash(copy)));
        for (const [at, { bytes, leafHashes }] of hashed.entries()) {
          expect(bytes).toEqual(sent[at]?.bytes);
          expect(leafHashes).toEqual(hashLeaves(sent[at]?.bytes ?? new Uint8Array(0)));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gives blocks that a piece is put together of, and in which a wrong leaf is found', async () => {
    const bytes = patternBytes(60_000);
    const manifest = createManifest({ name: 'a.bin', bytes });
    const assembler = createPieceAssembler(manifest, 0);
    assembler.setLeafHashes(hashLeaves(bytes));
    const memory = hasher.allocate(32_768);
    memory.set(bytes.subarray(0, 32_768));
    memory.fill(0xa5, 20_000, 20_001 + 1);
    const wrong = await hasher.hash(memory);
    expect(() => assembler.addBlock(0, wrong)).toThrow(
      expect.objectContaining({ code: 'hash_mismatch', leaf: 1 }),
    );
    const rest = hasher.allocate(60_000 - 16_384);
    rest.set(bytes.subarray(16_384));
    expect(assembler.addBlock(16_384, await hasher.hash(rest)).isComplete).toBe(true);
    expect(new Uint8Array(Buffer.concat(assembler.finish().parts))).toEqual(bytes);
  });
});

describe('createBlockHasher', () => {
  it('fails what is asked after its end, where a thread is needed', async () => {
    const hasher = createBlockHasher({ threads: 1 });
    await untilThreaded(hasher);
    const under = hasher.hash(hasher.allocate(10));
    const ended = hasher[Symbol.asyncDispose]();
    await expect(under).rejects.toMatchObject({ code: 'closed' });
    await expect(hasher.hash(hasher.allocate(10))).rejects.toMatchObject({ code: 'closed' });
    await ended;
    await createBlockHasher({ threads: 1 })[Symbol.asyncDispose]();
  });

  it('hashes here until a thread runs, and needs none for little', async () => {
    await using hasher = createBlockHasher({ threads: 1 });
    const first = patternBytes(40_000);
    const block = hasher.allocate(first.length);
    block.set(first);
    // A block that moved to another thread would leave nothing behind.
    const hashing = hasher.hash(block);
    expect(block).toEqual(first);
    expect((await hashing).leafHashes).toEqual(hashLeaves(first));
    for (let bytes = 0; bytes < 2_097_152; bytes += 262_144) {
      const next = hasher.allocate(262_144);
      const hashed = hasher.hash(next);
      expect(next).toHaveLength(262_144);
      expect((await hashed).leafHashes).toHaveLength(16 * 32);
    }
  });

  it('ends while its threads start', async () => {
    const hasher = createBlockHasher({ threads: 2 });
    await hasher.hash(hasher.allocate(2_097_152));
    await hasher[Symbol.asyncDispose]();
    await expect(hasher.hash(hasher.allocate(10))).rejects.toMatchObject({ code: 'closed' });
  });

  it('fails what a thread cannot do', async () => {
    await using threads = new HashThreads(1);
    const beyond = { memory: new ArrayBuffer(10), byteOffset: 5, byteLength: 10 };
    await expect(threads.ask({ kind: 'block', ...beyond })).rejects.toThrow('Invalid typed array length');
  });
});

/** Resolves when blocks are hashed by threads. */
async function untilThreaded(hasher: BlockHasher): Promise<void> {
  for (;;) {
    const block = hasher.allocate(1_048_576);
    await hasher.hash(block);
    // It has moved.
    if (block.length === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('HashedBlock', () => {
  it('is made by hashers alone', () => {
    expect(() => new HashedBlock(Symbol('HashedBlock'), new Uint8Array(1), new Uint8Array(32))).toThrow(
      TypeError,
    );
  });
});

describe('a hasher that nobody closes', () => {
  it('lets the process end, and not before what it hashes is done', () => {
    const program = fileURLToPath(new URL('./hashing-process.ts', import.meta.url));
    const args = ['--conditions=@minitorrent/source', program];
    const shown = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
    expect(shown).toBe('hashed by a thread\n');
  });
});
