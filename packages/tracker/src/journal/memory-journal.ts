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
import type { Journal, JournalSize, JournalSnapshot, SnapshotOptions } from './journal.ts';
import { checkCut, checkFollows, checkKept, dropsUpTo, isNewSnapshot, takeWithin } from './journal.ts';

/** What is there when a journal is opened on it again. */
export interface MemoryStorage {
  /** Those that are kept: all after the snapshot, and the last ones before it. */
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
    const first = this.#storage.records[0]?.position.index;
    return Math.min(first === undefined ? Number.POSITIVE_INFINITY : first - 1, this.#snapshotIndex);
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

  async writeSnapshot(snapshot: JournalSnapshot, options?: SnapshotOptions): Promise<void> {
    this.#requireOpen();
    options?.signal?.throwIfAborted();
    const { position } = snapshot;
    if (!(await isNewSnapshot(this, this.#snapshotIndex, position))) return;
    const drop = Math.max(this.base, dropsUpTo(position.index, options));
    this.#storage.records = this.#storage.records.slice(drop - this.base);
    this.#storage.snapshot = snapshot;
  }

  async installSnapshot(snapshot: JournalSnapshot): Promise<void> {
    this.#requireOpen();
    this.#storage.records = [];
    this.#storage.snapshot = snapshot;
  }

  async truncateAfter(after: number): Promise<void> {
    this.#requireOpen();
    checkCut({ snapshot: this.#snapshotIndex, head: this.head.index }, after);
    this.#storage.records = this.#storage.records.slice(0, after - this.base);
  }

  async size(): Promise<JournalSize> {
    this.#requireOpen();
    const { records, snapshot } = this.#storage;
    const later = records.filter(({ position }) => position.index > this.#snapshotIndex);
    return {
      entries: later.length,
      entryBytes: later.reduce((total, { bytes }) => total + bytes.length, 0),
      snapshotBytes: snapshot?.bytes.length ?? 0,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #snapshotIndex(): number {
    return this.#storage.snapshot?.position.index ?? 0;
  }

  #requireOpen(): void {
    if (this.#closed) throw new TrackerError('closed', 'Cannot use the journal: it is closed');
  }
}
