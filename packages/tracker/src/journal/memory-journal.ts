/**
 * A journal in memory: for tests, simulations and trackers that need not outlive their process.
 *
 * What it calls durable is in an array. It is the model that the other journals are compared with.
 */
import type { JournalRecord } from '../entry.ts';
import { genesis } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import type { Journal, JournalSnapshot } from './journal.ts';
import { checkFollows, checkKept, takeWithin } from './journal.ts';

/** An empty journal, or one that begins with `records`. */
export function createMemoryJournal(records: readonly JournalRecord[] = []): Journal {
  return new MemoryJournal(records);
}

class MemoryJournal implements Journal {
  readonly #records: JournalRecord[];
  #snapshot: JournalSnapshot | undefined;
  #closed = false;

  constructor(records: readonly JournalRecord[]) {
    checkFollows(0, records);
    this.#records = [...records];
  }

  get head(): JournalSnapshot['position'] {
    return this.#records.at(-1)?.position ?? this.#snapshot?.position ?? genesis;
  }

  get base(): number {
    return this.#snapshot?.position.index ?? 0;
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#requireOpen();
    checkFollows(this.head.index, records);
    this.#records.push(...records);
  }

  async read(...[after, limits]: Parameters<Journal['read']>): Promise<readonly JournalRecord[]> {
    this.#requireOpen();
    checkKept(this.base, after);
    return takeWithin(this.#records.slice(after - this.base), limits);
  }

  async readSnapshot(): Promise<JournalSnapshot | undefined> {
    this.#requireOpen();
    return this.#snapshot;
  }

  async writeSnapshot(snapshot: JournalSnapshot): Promise<void> {
    this.#requireOpen();
    checkKept(this.base, snapshot.position.index);
    this.#records.splice(0, snapshot.position.index - this.base);
    this.#snapshot = snapshot;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new TrackerError('closed', 'Cannot use the journal: it is closed');
  }
}
