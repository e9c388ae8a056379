/**
 * When a journal is worth a snapshot, and who has one taken.
 *
 * What affects that:
 * - a start replays the entries since the last snapshot, and the file holds them: so a snapshot is taken when they have
 *   become as large as the snapshot itself. All snapshots together then cost no more than the entries did;
 * - below `leastBytes` it is never worth it, and a random part comes on top, so that trackers that write down the same
 *   entries do not all encode their state in the same second;
 * - it begins only when an entry was acknowledged. What a journal holds at a start may still be cut off by another tracker,
 *   and a snapshot cannot be;
 * - one at a time, never after `close`, and after a failure not before as many bytes again.
 */
import type { Clock, Random } from '@minitorrent/rpc-core';
import type { Journal, JournalSize, SnapshotOptions } from './journal/journal.ts';
import type { TrackerLog } from './log.ts';
import { WINDOW_LIMITS } from './replication/record-window.ts';
import type { EncodeOptions } from './snapshot.ts';

export interface CompactionLimits {
  /** Bytes of entries since the last snapshot: 8 MiB are some 50,000 entries, which a start replays in a second or two. */
  readonly leastBytes: number;
  /** Entries that stay before a snapshot: as many as a primary holds in memory, so that it can serve them after a restart, too. */
  readonly keepEntries: number;
}

export const COMPACTION_LIMITS: CompactionLimits = {
  leastBytes: 8 * 1024 * 1024,
  keepEntries: WINDOW_LIMITS.entries,
};

/** How many bytes of entries are worth a snapshot, when the last one has `snapshotBytes`. `share` is from 0 to 1, drawn anew each time. */
export function worthBytes(snapshotBytes: number, share: number, limits: CompactionLimits): number {
  const least = Math.max(limits.leastBytes, snapshotBytes);
  return Math.ceil(least * (1 + share / 4));
}

export interface CompactOptions extends EncodeOptions, SnapshotOptions {}

export interface CompactorOptions {
  readonly ledger: { compact(options: CompactOptions): Promise<void> };
  /** Of that ledger. */
  readonly journal: Pick<Journal, 'size'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: TrackerLog;
  readonly limits?: CompactionLimits;
}

/** What an entry takes, until there are some to tell. */
const ENTRY_BYTES = 150;
/** Acknowledged entries between two looks at the size of a journal, at least: a look reads through all of them. */
const LEAST_ENTRIES_BETWEEN_LOOKS = 1_000;

/** Has a ledger compacted when that is worth it. */
export class Compactor implements AsyncDisposable {
  readonly #options: CompactorOptions;
  readonly #limits: CompactionLimits;
  readonly #stop = new AbortController();
  /** Acknowledged entries until the next look at the journal's size. */
  #entriesLeft = 1;
  #running: Promise<void> | undefined;
  #endPause: () => void = () => {};

  constructor(options: CompactorOptions) {
    this.#options = options;
    this.#limits = options.limits ?? COMPACTION_LIMITS;
  }

  /** To be called for each entry that is acknowledged. Never throws, and does nothing after `close`. */
  committed(): void {
    this.#entriesLeft -= 1;
    if (this.#entriesLeft > 0 || this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#running = this.#run();
  }

  /** Gives up a snapshot that is under way. To be called before the ledger is closed. Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#endPause();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    try {
      this.#entriesLeft = await this.#compactIfWorth();
    } catch (error) {
      this.#entriesLeft = this.#entriesOf(this.#limits.leastBytes);
      if (!this.#stop.signal.aborted)
        this.#options.log({ kind: 'background_failed', task: 'compact the journal', error });
    } finally {
      this.#running = undefined;
    }
  }

  /** Answers after how many entries to look again. */
  async #compactIfWorth(): Promise<number> {
    const { journal, ledger } = this.#options;
    const size = await journal.size();
    const worth = this.#worthBytes(size);
    if (size.entryBytes < worth) return this.#entriesOf(worth - size.entryBytes, size);
    const { keepEntries } = this.#limits;
    await ledger.compact({ keepEntries, pause: () => this.#pause(), signal: this.#stop.signal });
    const after = await journal.size();
    return this.#entriesOf(this.#worthBytes(after) - after.entryBytes, after);
  }

  #worthBytes({ snapshotBytes }: JournalSize): number {
    return worthBytes(snapshotBytes, this.#options.random.integer(1_000) / 1_000, this.#limits);
  }

  #entriesOf(bytes: number, { entries, entryBytes }: Partial<JournalSize> = {}): number {
    const each =
      entries === undefined || entryBytes === undefined || entries === 0 ? ENTRY_BYTES : entryBytes / entries;
    return Math.max(LEAST_ENTRIES_BETWEEN_LOOKS, Math.ceil(bytes / each));
  }

  #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(0, resolve);
    this.#endPause = () => {
      cancel();
      resolve();
    };
    return promise;
  }
}
