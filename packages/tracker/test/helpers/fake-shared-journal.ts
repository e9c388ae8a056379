/** A journal in memory that several ledgers share, and whose turns and commits the test can spoil. */
import type { JournalRecord } from '../../src/entry.ts';
import { TrackerError } from '../../src/errors.ts';
import type { SharedJournal } from '../../src/journal/journal.ts';
import { createMemoryJournal, type MemoryStorage } from '../../src/journal/memory-journal.ts';

/** What the next append meets. */
type Spoil = 'lose_turn' | 'lose_answer' | 'fail';

export interface FakeSharedJournal extends SharedJournal {
  /** Runs before the next append, as another tracker does that has taken the turn away. */
  beforeAppend: (() => Promise<void>) | undefined;
  spoil: Spoil | undefined;
  /** Why the journal is out of reach. */
  away: TrackerError | undefined;
  readonly appends: readonly (readonly JournalRecord[])[];
}

/** Journals of as many trackers as one likes, on one storage. */
export function createFakeSharedStorage(): () => FakeSharedJournal {
  const storage: MemoryStorage = { records: [], snapshot: undefined };
  const listeners = new Set<() => void>();
  let turns: Promise<void> = Promise.resolve();
  return () => {
    const kept = createMemoryJournal(storage);
    let head = kept.head;
    let endTurn: (() => void) | undefined;
    const appends: (readonly JournalRecord[])[] = [];
    const journal: FakeSharedJournal = {
      beforeAppend: undefined,
      spoil: undefined,
      away: undefined,
      appends,
      storeId: kept.storeId,
      isShared: true,
      get head() {
        return head;
      },
      get base() {
        return kept.base;
      },
      takeTurn: async () => {
        if (journal.away !== undefined) throw journal.away;
        const before = turns;
        const { promise, resolve } = Promise.withResolvers<void>();
        turns = promise;
        await before;
        endTurn = resolve;
        head = kept.head;
      },
      refresh: async () => {
        if (journal.away === undefined) head = kept.head;
        return journal.away === undefined;
      },
      watch: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      append: async (records) => {
        const { spoil, beforeAppend } = journal;
        journal.spoil = undefined;
        journal.beforeAppend = undefined;
        if (spoil === 'lose_turn') endTurn?.();
        await beforeAppend?.();
        const isNext = records.length === 0 || records[0]?.position.index === kept.head.index + 1;
        if (isNext && spoil !== 'fail') await kept.append(records);
        endTurn?.();
        if (!isNext) throw new TrackerError('diverged', 'another tracker was first');
        if (spoil !== undefined && spoil !== 'lose_turn') {
          throw new TrackerError('journal_failed', 'the connection was lost');
        }
        appends.push(records);
        head = kept.head;
        for (const listener of listeners) listener();
      },
      read: async (after, limits) => {
        if (journal.away !== undefined) throw journal.away;
        return (await kept.read(after, limits)).filter(({ position }) => position.index <= head.index);
      },
      readSnapshot: async () => {
        if (journal.away !== undefined) throw journal.away;
        return kept.readSnapshot();
      },
      writeSnapshot: (snapshot, options) => kept.writeSnapshot(snapshot, options),
      size: () => kept.size(),
      installSnapshot: () => Promise.reject(new TypeError('it is shared')),
      truncateAfter: () => Promise.reject(new TypeError('it is shared')),
      close: () => kept.close(),
      [Symbol.asyncDispose]: () => kept.close(),
    };
    return journal;
  };
}
