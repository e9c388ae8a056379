/**
 * A journal in memory: for tests, simulations and trackers that need not outlive their process.
 *
 * What it calls durable lies in a `MemoryStorage`, which can outlive the journal as a disk does. It is the model that the
 * other journals are compared with.
 */
import type { JournalRecord } from '../entry.ts';
import { genesis } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import type { JournalPosition } from '../messages.ts';
import type { Journal, JournalSnapshot } from './journal.ts';
import { checkCut, checkFollows, checkKept, takeWithin } from './journal.ts';

/** What is there when a journal is opened on it again. */
export interface MemoryStorage {
  /** Those after the snapshot. */
  records: JournalRecord[];
  snapshot: JournalSnapshot | undefined;
  /** 16 bytes; zeros unless given, which will do where nobody follows anybody. */
  readonly storeId?: Uint8Array;
}

/** A journal on `storage`, which is empty unless given. */
export function createMemoryJournal(storage: MemoryStorage = { records: [], snapshot: undefined }): Journal {
  return new MemoryJournal(storage);
}

class MemoryJournal implements Journal {
  readonly isShared = false;
  readonly #storage: MemoryStorage;
  #closed = false;

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
  }

  get storeId(): Uint8Array {
    return this.#storage.storeId ?? new Uint8Array(16);
  }

  get head(): JournalPosition {
    const { records, snapshot } = this.#storage;
    return records.at(-1)?.position ?? snapshot?.position ?? genesis;
  }

  get base(): number {
    return this.#storage.snapshot?.position.index ?? 0;
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#requireOpen();
    checkFollows(this.head.index, records);
    this.#storage.records.push(...records);
  }

  async read(...[after, limits]: Parameters<Journal['read']>): Promise<readonly JournalRecord[]> {
    this.#requireOpen();
    checkKept(this.base, after);
    return takeWithin(this.#storage.records.slice(after - this.base), limits);
  }

  async readSnapshot(): Promise<JournalSnapshot | undefined> {
    this.#requireOpen();
    return this.#storage.snapshot;
  }

  async writeSnapshot(snapshot: JournalSnapshot): Promise<void> {
    this.#requireOpen();
    checkKept(this.base, snapshot.position.index);
    this.#storage.records = this.#storage.records.slice(snapshot.position.index - this.base);
    this.#storage.snapshot = snapshot;
  }

  async installSnapshot(snapshot: JournalSnapshot): Promise<void> {
    this.#requireOpen();
    this.#storage.records = [];
    this.#storage.snapshot = snapshot;
  }

  async truncateAfter(after: number): Promise<void> {
    this.#requireOpen();
    checkCut({ base: this.base, head: this.head.index }, after);
    this.#storage.records = this.#storage.records.slice(0, after - this.base);
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
