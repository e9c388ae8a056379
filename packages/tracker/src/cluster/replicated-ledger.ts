/**
 * The ledger of a tracker of a cluster: it leads or follows, and shows what is acknowledged.
 *
 * It changes hands in a queue of its own, because going back takes a while: it follows, adopts, leads. What is appended here
 * waits to be acknowledged; then a primary's ledger has it already and answers its writers, any other takes it.
 */
import type { Clock } from '@minitorrent/rpc-core';
import type { JournalRecord } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import type { JournalSnapshot } from '../journal/journal.ts';
import type { Commit, Ledger } from '../ledger.ts';
import { encodeSnapshotInSlices } from '../snapshot.ts';

export interface ReplicatedLedgerOptions {
  readonly clock: Clock;
  /** The epoch in which this tracker is primary now; undefined while it is not. */
  readonly leads: () => number | undefined;
  /** The ledger has decided a write, which has to become durable elsewhere, too. */
  readonly onWritten: (record: JournalRecord) => void;
  /** The journal failed. */
  readonly onFailure: (error: unknown) => void;
  /** The ledger shows more, or decides again. */
  readonly onChanged: () => void;
}

interface WaitingCommit {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class ReplicatedLedger {
  readonly #options: ReplicatedLedgerOptions;
  #ledger: Ledger | undefined;
  /** Settles when everything that was begun with the ledger is done; never rejects. */
  #work: Promise<void> = Promise.resolve();
  #tasks = 0;
  /** Appended here and not known to be acknowledged. */
  #unacknowledged: JournalRecord[] = [];
  #waiting: WaitingCommit[] = [];
  #isClosed = false;

  constructor(options: ReplicatedLedgerOptions) {
    this.#options = options;
  }

  /**
   * To be given to the ledger. A write is told of only while this tracker leads the same epoch; any other stays unanswered
   * until the ledger is told to follow, which is on its way then.
   */
  readonly commit: Commit = (records) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const index = records.at(-1)?.position.index ?? 0;
    this.#waiting.push({ index, resolve, reject });
    for (const record of records) {
      if (this.#options.leads() !== record.position.epoch) break;
      this.#options.onWritten(record);
    }
    return promise;
  };

  /** Begins with a ledger that commits through `commit`; it follows until it is told otherwise. */
  start(ledger: Ledger): void {
    this.#ledger = ledger;
    this.follow();
  }

  /** These are on their way to the disk here. */
  appending(records: readonly JournalRecord[]): void {
    this.#unacknowledged.push(...records);
  }

  /** All up to `index` is acknowledged. */
  acknowledged(index: number): void {
    const records = takeWhile(this.#unacknowledged, ({ position }) => position.index <= index);
    for (const { resolve } of takeWhile(this.#waiting, (one) => one.index <= index)) resolve();
    if (this.#isReady) return;
    this.#adopt(records);
  }

  lead(epoch: number): void {
    if (this.#isReady) {
      this.#ledger?.lead(epoch);
      return;
    }
    // R3: all that a new primary has is acknowledged, and its ledger shows it before it decides anything.
    this.#adopt(this.#unacknowledged);
    this.#unacknowledged = [];
    this.#run((ledger) => {
      const now = this.#options.leads();
      if (now !== undefined) ledger.lead(now);
      this.#options.onChanged();
    });
  }

  follow(): void {
    this.#run(async (ledger) => {
      if (ledger.mode !== 'ready') return;
      const done = ledger.follow(notDecidedHere);
      this.refuseWaiting();
      await done;
    });
  }

  /** Cuts the journal after `index`, and calls `done`. */
  truncateAfter(index: number, done: () => void): void {
    this.#unacknowledged = this.#unacknowledged.filter(({ position }) => position.index <= index);
    this.#run(async (ledger) => {
      await ledger.truncateAfter(index);
      done();
    });
  }

  /** Goes on from a snapshot of another tracker, and calls `done`. */
  install(snapshot: JournalSnapshot, done: () => void): void {
    this.#unacknowledged = [];
    this.#run(async (ledger) => {
      await ledger.install(snapshot);
      done();
      this.#options.onChanged();
    });
  }

  /** Of what it shows; tried again while the ledger changes hands. */
  async takeSnapshot(taken: (snapshot: JournalSnapshot) => void): Promise<void> {
    const { clock } = this.#options;
    try {
      const ledger = this.#ledger;
      if (ledger === undefined) return;
      // In slices, because a primary that is busy for a second is taken for lost.
      const pause = (): Promise<void> => new Promise((resolve) => clock.schedule(0, resolve));
      taken(await encodeSnapshotInSlices((freeze) => ledger.read(freeze), { pause }));
    } catch {
      // Whoever needs the snapshot still waits for it.
      if (!this.#isClosed) clock.schedule(SNAPSHOT_RETRY_MS, () => void this.takeSnapshot(taken));
    }
  }

  /** Whoever waits for a commit is told that it is not for this tracker to make. */
  refuseWaiting(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(notDecidedHere);
  }

  /** Waits for what is under way; the ledger and its journal are closed by their owner. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.refuseWaiting();
    await this.#work;
  }

  /** It decides writes, and nothing is about to change that. */
  get #isReady(): boolean {
    return this.#ledger?.mode === 'ready' && this.#tasks === 0;
  }

  #adopt(records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    this.#run(async (ledger) => {
      await ledger.adopt(records.filter(({ position }) => position.index > ledger.latest.position.index));
      this.#options.onChanged();
    });
  }

  /** Runs `task` when everything before it is done. */
  #run(task: (ledger: Ledger) => void | Promise<void>): void {
    const ledger = this.#ledger;
    if (ledger === undefined) throw new TypeError('Cannot replicate before start()');
    this.#tasks += 1;
    this.#work = this.#work
      .then(() => task(ledger))
      .catch((error: unknown) => this.#options.onFailure(error))
      .finally(() => {
        this.#tasks -= 1;
      });
  }
}

const SNAPSHOT_RETRY_MS = 100;

const notDecidedHere = new TrackerError(
  'not_primary',
  'This tracker does not decide changes now; another one of its cluster does',
);

/** Takes the first items that `isWanted`, up to the first that is not, out of `items`. */
function takeWhile<T>(items: T[], isWanted: (item: T) => boolean): T[] {
  const end = items.findIndex((item) => !isWanted(item));
  return items.splice(0, end === -1 ? items.length : end);
}
