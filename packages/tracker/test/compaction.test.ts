import { createManualClock } from '@minitorrent/rpc-core/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUser } from '../src/commands/accounts.ts';
import { COMPACTION_LIMITS, Compactor, worthBytes } from '../src/compaction.ts';
import type { JournalSize } from '../src/journal/journal.ts';
import { createMemoryJournal, type MemoryStorage } from '../src/journal/memory-journal.ts';
import { openLedger } from '../src/ledger.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import type { TrackerLogEntry } from '../src/log.ts';
import { replayJournal } from '../src/replay.ts';
import { turn } from './helpers/fake-journal.ts';
import { createTestRandom } from './helpers/random.ts';

const LIMITS = { leastBytes: 300_000, keepEntries: 20 };

describe('worthBytes', () => {
  it('is as much as the snapshot, at least the least, and at most a quarter more', async () => {
    await fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (snapshotBytes, share) => {
        const worth = worthBytes(snapshotBytes, share, COMPACTION_LIMITS);
        const least = Math.max(snapshotBytes, 8 * 1024 * 1024);
        expect(worth).toBeGreaterThanOrEqual(least);
        expect(worth).toBeLessThanOrEqual(Math.ceil(least * 1.25));
      }),
    );
  });
});

describe('Compactor', () => {
  it('compacts when the entries outweigh the snapshot, and so often that they never do by much', async () => {
    const step = fc.record({ entries: fc.integer({ min: 1, max: 3_000 }), grows: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const scene = createScene();
        let written = 0;
        let snapshots = 0;
        for (const { entries, grows } of steps) {
          if (grows) scene.stateBytes += entries * 50;
          for (let count = 0; count < entries; count += 1) {
            scene.write(150);
            written += 150;
            if (count % 250 === 0) await turn();
          }
          await turn();
          expect(scene.size.entryBytes).toBeLessThanOrEqual(
            worthBytes(scene.size.snapshotBytes, 1, LIMITS) + 1_250 * 150,
          );
          snapshots = scene.compactions.reduce((total, { stateBytes }) => total + stateBytes, 0);
        }
        for (const { outweighed } of scene.compactions) expect(outweighed).toBeGreaterThanOrEqual(1);
        // Each but the last is paid for by the entries that came after it.
        expect(snapshots - scene.stateBytes).toBeLessThanOrEqual(written);
        expect(scene.log).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('looks at the size seldom, and begins only when an entry is acknowledged', async () => {
    const scene = createScene();
    scene.size = { entries: 10_000, entryBytes: 1_500_000, snapshotBytes: 0 };
    await turn();
    expect(scene.looks).toBe(0);
    scene.write(150);
    await turn();
    expect(scene.compactions).toHaveLength(1);
    const { looks } = scene;
    for (let count = 0; count < 1_900; count += 1) scene.write(150);
    await turn();
    expect(scene.looks).toBe(looks);
  });

  it('takes one at a time, and gives the one up that is under way when it is closed', async () => {
    const scene = createScene({ isSlow: true });
    scene.size = { entries: 10_000, entryBytes: 1_500_000, snapshotBytes: 0 };
    for (let count = 0; count < 5_000; count += 1) scene.write(150);
    await turn();
    expect(scene.begun).toBe(1);
    await scene.compactor.close();
    expect(scene.begun).toBe(1);
    for (let count = 0; count < 5_000; count += 1) scene.write(150);
    await turn();
    expect([scene.begun, scene.compactions, scene.log]).toEqual([1, [], []]);
    await scene.compactor.close();
  });

  it('tells of a failure, and tries again only after as many bytes again', async () => {
    const scene = createScene();
    scene.size = { entries: 10_000, entryBytes: 1_500_000, snapshotBytes: 0 };
    scene.failure = new Error('disk full');
    scene.write(150);
    await turn();
    expect(scene.log).toEqual([
      { kind: 'background_failed', task: 'compact the journal', error: scene.failure },
    ]);
    for (let count = 0; count < LIMITS.leastBytes / 150 - 10; count += 1) scene.write(150);
    await turn();
    expect(scene.begun).toBe(1);
    scene.failure = undefined;
    for (let count = 0; count < 20; count += 1) scene.write(150);
    await turn();
    expect(scene.compactions).toHaveLength(1);
  });

  it('keeps the journal of a ledger short while it goes on writing, and loses nothing', async () => {
    const storage: MemoryStorage = { records: [], snapshot: undefined };
    const journal = createMemoryJournal(storage);
    const clock = createManualClock();
    let most = 0;
    await using ledger = await openLedger({
      journal,
      random: createTestRandom(),
      limits: DEFAULT_LIMITS,
      onCommitted: () => {
        most = Math.max(most, storage.records.length);
        compactor.committed();
      },
    });
    const log = (entry: TrackerLogEntry): void => expect.fail(entry.kind);
    const compactor = new Compactor({
      ...{ ledger, journal, clock, log },
      ...{ random: createTestRandom(), limits: LIMITS },
    });
    for (let round = 0; round < 80; round += 1) {
      const writes = Array.from({ length: 100 }, (_, at) =>
        ledger.execute(createUser({ userId: `user-${round}-${at}`, passwordHash: 'hash', atMs: at })),
      );
      await Promise.all(writes);
      await clock.advanceAsync(1);
    }
    await compactor.close();
    expect(journal.base).toBe((storage.snapshot?.position.index ?? 0) - LIMITS.keepEntries);
    expect(most).toBeLessThan(6_000);
    expect(ledger.latest.beforeChange.size).toBe(0);
    const replayed = await replayJournal(journal);
    expect([replayed.position.index, replayed.users.size]).toEqual([8_000, 8_000]);
    expect(replayed).toEqual(ledger.latest);
  });
});

interface Scene {
  readonly compactor: Compactor;
  size: JournalSize;
  /** What a snapshot takes now. */
  stateBytes: number;
  failure: Error | undefined;
  looks: number;
  begun: number;
  readonly compactions: { readonly stateBytes: number; readonly outweighed: number }[];
  readonly log: TrackerLogEntry[];
  /** An entry is acknowledged. */
  write(bytes: number): void;
}

/** A compactor of a journal that consists of its size. */
function createScene({ isSlow = false } = {}): Scene {
  const clock = createManualClock();
  const scene: Scene = {
    compactor: new Compactor({
      ledger: {
        compact: async ({ pause, signal, keepEntries }) => {
          scene.begun += 1;
          expect(keepEntries).toBe(LIMITS.keepEntries);
          if (scene.failure !== undefined) throw scene.failure;
          if (isSlow) await pause();
          signal?.throwIfAborted();
          const { entryBytes, snapshotBytes } = scene.size;
          const outweighed = entryBytes / Math.max(LIMITS.leastBytes, snapshotBytes);
          scene.compactions.push({ stateBytes: scene.stateBytes, outweighed });
          scene.size = { entries: 0, entryBytes: 0, snapshotBytes: scene.stateBytes };
        },
      },
      journal: {
        size: async () => {
          scene.looks += 1;
          return scene.size;
        },
      },
      clock,
      random: createTestRandom(),
      log: (entry) => scene.log.push(entry),
      limits: LIMITS,
    }),
    size: { entries: 0, entryBytes: 0, snapshotBytes: 0 },
    stateBytes: 0,
    failure: undefined,
    looks: 0,
    begun: 0,
    compactions: [],
    log: [],
    write: (bytes) => {
      const { entries, entryBytes, snapshotBytes } = scene.size;
      scene.size = { entries: entries + 1, entryBytes: entryBytes + bytes, snapshotBytes };
      scene.compactor.committed();
    },
  };
  return scene;
}
