/** A journal whose durability the test decides: appends wait until `flush`, or fail. */
import type { JournalRecord } from '../../src/entry.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryJournal } from '../../src/journal/memory-journal.ts';

export interface FakeJournal extends Journal {
  /** Records that were appended and are not durable yet. */
  readonly waiting: readonly JournalRecord[];
  /** Makes the first `count` waiting appends durable; all unless told. */
  flush(count?: number): Promise<void>;
  /** Fails everything that waits and everything after. */
  fail(error: Error): Promise<void>;
  /** From now on reading fails, too. */
  failReads(): void;
}

interface Waiting {
  readonly records: readonly JournalRecord[];
  readonly settle: PromiseWithResolvers<void>;
}

export function createFakeJournal(): FakeJournal {
  const kept = createMemoryJournal();
  let waiting: Waiting[] = [];
  let failure: Error | undefined;
  let readsFail = false;
  return {
    storeId: kept.storeId,
    isShared: kept.isShared,
    get head() {
      return kept.head;
    },
    get base() {
      return kept.base;
    },
    get waiting() {
      return waiting.flatMap((one) => one.records);
    },
    append: (records) => {
      const settle = Promise.withResolvers<void>();
      if (failure === undefined) waiting.push({ records, settle });
      else settle.reject(failure);
      return settle.promise;
    },
    flush: async (count = waiting.length) => {
      const now = waiting.slice(0, count);
      waiting = waiting.slice(count);
      await kept.append(now.flatMap((one) => one.records));
      // All at once, as a journal does that commits them together.
      for (const one of now) one.settle.resolve();
      await turn();
    },
    fail: async (error) => {
      failure = error;
      const lost = waiting;
      waiting = [];
      for (const one of lost) one.settle.reject(error);
      await turn();
    },
    failReads: () => {
      readsFail = true;
    },
    read: (after, limits) =>
      readsFail ? Promise.reject(new Error('it cannot be read')) : kept.read(after, limits),
    readSnapshot: () => kept.readSnapshot(),
    writeSnapshot: (snapshot, options) => kept.writeSnapshot(snapshot, options),
    size: () => kept.size(),
    installSnapshot: (snapshot) => kept.installSnapshot(snapshot),
    truncateAfter: (after) => kept.truncateAfter(after),
    close: () => kept.close(),
    [Symbol.asyncDispose]: () => kept.close(),
  };
}

/** Lets every promise settle that can. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
