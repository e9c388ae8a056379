import { describe, expect, it } from 'vitest';
import type { Journal, ReadableJournal } from '../src/journal/journal.ts';
import { createMemoryJournal } from '../src/journal/memory-journal.ts';
import { replayJournal } from '../src/replay.ts';
import { encodeSnapshot } from '../src/snapshot.ts';
import { chain } from './journal-contract.ts';

const COUNT = 3_000;

describe('replayJournal', () => {
  it.each([1, 2, 3])('goes on from the snapshot that another tracker wrote before read %i', async (read) => {
    const journal = await filledJournal();
    const later = encodeSnapshot(await replayJournal(journal, 2_500));
    let reads = 0;
    const shared = asShared(journal, async () => {
      reads += 1;
      if (reads === read) await journal.writeSnapshot(later, { keepEntries: 10 });
    });
    const state = await replayJournal(shared);
    expect([state.position, state.users.size]).toEqual([journal.head, COUNT]);
    expect(reads).toBeGreaterThanOrEqual(read);
  });

  it('answers with a snapshot that goes beyond what it was asked for', async () => {
    const journal = await filledJournal();
    const { head } = createMemoryJournal({ records: chain(5), snapshot: undefined });
    await journal.writeSnapshot(encodeSnapshot(await replayJournal(journal, 2_000)));
    // As a tracker sees it that has not heard of the others' entries yet.
    const state = await replayJournal({ ...asShared(journal, async () => {}), head });
    expect([state.position.index, state.users.size]).toEqual([2_000, 2_000]);
  });
});

async function filledJournal(): Promise<Journal> {
  const journal = createMemoryJournal();
  await journal.append(chain(COUNT));
  return journal;
}

/** `beforeRead` may change the journal, as another tracker may at any time. */
function asShared(journal: Journal, beforeRead: () => Promise<void>): ReadableJournal {
  return {
    isShared: true,
    head: journal.head,
    get base() {
      return journal.base;
    },
    readSnapshot: () => journal.readSnapshot(),
    read: async (after, limits) => {
      await beforeRead();
      return journal.read(after, limits);
    },
  };
}
