import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DownloadOptions, DownloadStore } from '../src/index.ts';
import { isSameBytes } from './bytes.ts';
import {
  type Action,
  FINAL,
  open,
  type Promises,
  perform,
  piece,
  pieceBytes,
  wholeFile,
} from './download-scenario.ts';
import { Crash, type CrashKind, FaultFileSystem } from './fault-file-system.ts';

const SCRIPT: readonly Action[] = [
  { kind: 'write', index: 2 },
  { kind: 'write', index: 0 },
  { kind: 'flush' },
  { kind: 'write', index: 3 },
  { kind: 'flush' },
  { kind: 'write and flush', index: 1 },
  { kind: 'complete' },
];

describe('a download that crashes', () => {
  it.each<CrashKind>(['process', 'power'])(
    'keeps its promises at every step of its life: %s',
    async (kind) => {
      const uncut = new FaultFileSystem(['/files', '/state']);
      await runSession(uncut, 'first', SCRIPT, newPromises());
      for (let step = 1; step <= uncut.steps; step += 1) {
        const fs = new FaultFileSystem(['/files', '/state']);
        const promises = newPromises();
        crashAt(fs, step);
        await runSession(fs, 'first', SCRIPT, promises);
        for (let seed = 0; seed < (kind === 'process' ? 1 : 5); seed += 1) {
          const crashed = fs.afterCrash(kind, seededRandom(step * 100 + seed));
          await checkPromises(crashed, 'second', promises);
          await finish(crashed, 'second');
        }
      }
    },
  );

  it('keeps them through crash after crash', async () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constantFrom('write' as const, 'write and flush' as const), index: fc.nat(3) }),
      fc.record({ kind: fc.constantFrom('flush' as const, 'complete' as const) }),
    );
    const session = fc.record({
      actions: fc.array(action, { maxLength: 8 }),
      crashAfter: fc.integer({ min: 1, max: 120 }),
      kind: fc.constantFrom<CrashKind>('process', 'power'),
      seed: fc.nat(),
      flushBytes: fc.constantFrom(1, 100_000, 1_000_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(session, { minLength: 1, maxLength: 4 }), async (sessions) => {
        let fs = new FaultFileSystem(['/files', '/state']);
        const promises = newPromises();
        for (const [number, { actions, crashAfter, kind, seed, flushBytes }] of sessions.entries()) {
          crashAt(fs, fs.steps + crashAfter);
          fs.delay = delays(seed);
          const flushPolicy = { maxBytes: flushBytes, maxDelayMs: 1_000 };
          await runSession(fs, `session${number}`, actions, promises, { flushPolicy });
          fs = fs.afterCrash(kind, seededRandom(seed));
        }
        await checkPromises(fs, 'last', promises);
        await finish(fs, 'last');
      }),
      { numRuns: 300 },
    );
  });

  it('finds what was durable by hashing, when the record is lost', async () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const fs = new FaultFileSystem(['/files', '/state']);
      const store = await open(fs, 'first');
      await store.writePiece(piece(0));
      await store.writePiece(piece(3));
      await store.flush();
      await store.writePiece(piece(1));
      const crashed = fs.afterCrash('power', seededRandom(seed));
      crashed.plant(pathOf(crashed, '.resume'), undefined);
      await using resumed = await open(crashed, 'second');
      expect([...resumed.have.indices()]).toEqual(expect.arrayContaining([0, 3]));
      await checkHave(resumed);
      await store.close();
    }
  });

  it('does not record a piece that is written while others are synced', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const store = await open(fs, 'first');
    await store.writePiece(piece(0));
    const partSynced = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    fs.beforeStep = async ({ action, path }) => {
      if (action !== 'syncData' || !path.endsWith('.leaves')) return;
      partSynced.resolve();
      await written.promise;
    };
    const flushing = store.flush();
    await partSynced.promise;
    await store.writePiece(piece(1));
    written.resolve();
    await flushing;
    // A power cut that takes everything that was not synced.
    const crashed = fs.afterCrash('power', () => 0);
    await using resumed = await open(crashed, 'second');
    expect([...resumed.have.indices()]).toEqual([0]);
    await store.close();
  });

  it('resumes without hashing what the record names', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const store = await open(fs, 'first');
    await store.writePiece(piece(0));
    await store.writePiece(piece(1));
    await store.flush();
    await store.writePiece(piece(2));
    const crashed = fs.afterCrash('process', () => 0);
    const hashed: number[] = [];
    await using resumed = await open(crashed, 'second', {
      onProgress: ({ hashedBytes }) => hashed.push(hashedBytes),
    });
    expect([...resumed.have.indices()]).toEqual([0, 1, 2]);
    expect(hashed).toEqual([65_536]);
    await store.close();
  });
});

function pathOf(fs: FaultFileSystem, ending: string): string {
  return [...fs.contents().keys()].find((path) => path.endsWith(ending)) ?? '';
}

function delays(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random(12);
}

function newPromises(): Promises {
  return { durable: new Set(), isComplete: false };
}

function crashAt(fs: FaultFileSystem, number: number): void {
  fs.beforeStep = (step) => {
    if (step.number >= number) throw new Crash(`at ${step.action} ${step.path}`);
  };
}

/** Runs until the end or the crash; anything else that is thrown is a finding. */
async function runSession(
  fs: FaultFileSystem,
  owner: string,
  actions: readonly Action[],
  promises: Promises,
  options: Partial<DownloadOptions> = {},
): Promise<void> {
  try {
    await using store = await open(fs, owner, options);
    for (const action of actions) {
      if (action.kind === 'complete' && !store.have.isComplete) continue;
      await perform(store, action, promises);
    }
  } catch (error) {
    if (!hasCrash(error)) throw error;
  }
  expect(fs.openHandles).toBe(0);
}

/** A crash while another is handled arrives as a SuppressedError. */
function hasCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof SuppressedError && hasCrash(error.error));
}

async function checkPromises(fs: FaultFileSystem, owner: string, promises: Promises): Promise<void> {
  await using store = await open(fs, owner);
  for (const index of promises.durable) expect(store.have.has(index)).toBe(true);
  expect(store.identity !== undefined || !promises.isComplete).toBe(true);
  await checkHave(store);
}

/** No piece is claimed that is not there, byte for byte. */
async function checkHave(store: DownloadStore): Promise<void> {
  for (const index of [...store.have.indices()]) {
    const bytes = await store.readBlock(index, 0, store.layout.pieceSize(index));
    expect(isSameBytes(bytes, pieceBytes(index))).toBe(true);
    await store.readLeafHashes(index);
  }
}

async function finish(fs: FaultFileSystem, owner: string): Promise<void> {
  await using store = await open(fs, owner);
  for (const index of [...store.have.missing()]) await store.writePiece(piece(index));
  await store.complete();
  await checkHave(store);
  await store.close();
  const left = [...fs.contents().keys()].filter((path) => !path.includes('.lock.'));
  expect(left.sort()).toEqual([
    FINAL,
    expect.stringMatching(/\.leaves$/),
    expect.stringMatching(/\.resume$/),
  ]);
  expect(isSameBytes(fs.contents().get(FINAL), wholeFile())).toBe(true);
}

function seededRandom(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}
