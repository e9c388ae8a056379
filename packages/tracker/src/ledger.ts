/**
 * The order of all writes: a command is decided against the state, its entry applied at once, and acknowledged only when
 * it is durable. It refuses to answer anything that rests on a write that may still be lost.
 *
 * What affects an answer:
 * - the state includes writes that are not yet durable, so two commands in flight cannot both take one name;
 * - therefore refusals, empty decisions and reads wait, too, until all that they looked at is durable;
 * - a second try of a write (same request id) gets the first answer, once that is durable;
 * - `commit` is what durable means: here the journal, with several trackers every one that is in sync;
 * - a ledger that follows another tracker writes nothing itself and shows what it adopted; `lead` and `follow` change that;
 * - when a commit fails, nobody knows what was kept. Then the ledger writes no more, tells the waiting writers so, and
 *   goes back to the state of the last acknowledged entry, for reads. Only a new start finds out what was kept.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { Command } from './commands/command.ts';
import type { CompactOptions } from './compaction.ts';
import type { Entry, JournalRecord } from './entry.ts';
import { describe, isTrackerError, TrackerError } from './errors.ts';
import type { Result, TrackerEvent } from './events.ts';
import { type EntriesAfter, entriesAfter } from './journal/entries-after.ts';
import type { Journal, JournalSnapshot, ReadLimits } from './journal/journal.ts';
import type { Decided } from './ledger-core.ts';
import { LedgerCore } from './ledger-core.ts';
import type { TrackerLimits } from './limits.ts';
import type { JournalPosition } from './messages.ts';
import type { TrackerState } from './model.ts';
import { replayJournal } from './replay.ts';
import { isSharedJournal, SharedWrites } from './shared-writes.ts';
import { decodeSnapshot, encodeSnapshotInSlices } from './snapshot.ts';
import type { OwnedState } from './state.ts';

/**
 * Makes records durable on every tracker that has to have them; resolves in order. A failure is final, except after
 * `follow`: then whatever is under way has to settle somehow.
 */
export type Commit = (records: readonly JournalRecord[]) => Promise<void>;

export interface LedgerOptions {
  /** Owned by the ledger, which closes it. */
  readonly journal: Journal;
  /** For the ids of requests that come without one. */
  readonly random: Random;
  readonly limits: Pick<TrackerLimits, 'pendingWrites'>;
  /** The epoch of new entries; that of the last one, or 1, unless told. */
  readonly epoch?: number;
  /** What has to happen before a write is acknowledged; `journal.append` unless told. */
  readonly commit?: Commit;
  /** Told of every acknowledged entry, in order, before its writer is answered; `state` may be ahead of it. Must not throw. */
  readonly onCommitted?: (entry: CommittedEntry, state: TrackerState) => void;
  /** Told once, when the ledger stops writing. */
  readonly onFailure?: (error: TrackerError) => void;
}

/** An entry that is acknowledged, and what happened by it. */
export interface CommittedEntry {
  readonly index: number;
  readonly events: readonly TrackerEvent[];
}

/** `following`: another tracker decides the writes. `failed`: neither writes nor reads are possible. */
export type LedgerMode = 'ready' | 'following' | 'read_only' | 'failed' | 'closed';

/** Replays the journal; fails with `journal_corrupt` where that is not possible. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  return new Ledger(options, await replayJournal(options.journal));
}

export class Ledger implements AsyncDisposable {
  readonly #options: LedgerOptions;
  readonly #commit: Commit;
  readonly #core: LedgerCore;
  /** Where other trackers write to the same journal, all reads and writes go through here. */
  readonly #shared: SharedWrites | undefined;
  #mode: LedgerMode = 'ready';
  #epoch: number;
  /** Rises with each `follow`: what was written before it is no longer this ledger's to acknowledge. */
  #term = 0;
  /** Settles when the last entry given to `commit` is durable; never rejects, because `#failure` tells. */
  #lastCommit: Promise<void> = Promise.resolve();
  /** Why it does not write. */
  #refusal: TrackerError | undefined;
  #failure: TrackerError | undefined;
  /** Under way or over since the failure. */
  #recovery: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LedgerOptions, state: OwnedState) {
    this.#options = options;
    this.#commit = options.commit ?? ((records) => options.journal.append(records));
    this.#core = new LedgerCore(state, options.limits);
    // What a cluster wrote, before its journal was restored for a tracker alone, is not followed by an older epoch.
    this.#epoch = options.epoch ?? Math.max(1, state.position.epoch);
    const { journal, limits } = options;
    if (isSharedJournal(journal)) {
      this.#shared = new SharedWrites({
        core: this.#core,
        journal,
        epoch: this.#epoch,
        limits,
        onCommitted: (entry) => options.onCommitted?.(entry, this.latest),
        onFailure: (error) => {
          if (this.#mode !== 'closed') this.#mode = 'failed';
          options.onFailure?.(error);
        },
      });
    }
  }

  get mode(): LedgerMode {
    return this.#mode;
  }

  /** The last entry that is acknowledged. */
  get durableIndex(): number {
    return this.#core.durableIndex;
  }

  /** Writes that are decided and not yet acknowledged. */
  get pendingWrites(): number {
    return this.#core.pendingWrites + (this.#shared?.pending ?? 0);
  }

  /**
   * The state with all writes that are decided, durable or not: to see once more, at the moment of acting, that something
   * is still allowed. What it shows must not be told to anybody; that is what `read` is for.
   */
  get latest(): TrackerState {
    return this.#core.state;
  }

  /** Whether a `read` would answer at once, because all that `latest` shows is acknowledged. */
  get isSettled(): boolean {
    return this.#shared === undefined && this.#mode === 'ready' && this.pendingWrites === 0;
  }

  /** Whether the last `read` may lack what other trackers wrote, because the journal that they share is out of reach. */
  get mayBeStale(): boolean {
    return this.#shared?.mayBeStale ?? false;
  }

  /** Whether a write with this id was decided already, so that `execute` will only repeat its answer. */
  knows(requestId: Uint8Array): boolean {
    return this.#core.knows(requestId);
  }

  /**
   * Carries out a write and answers when it is durable. Fails as the command decides, and with `read_only`, `busy`,
   * `unconfirmed` (what became of it is unknown), `request_id_reused`, `closed`.
   */
  async execute(command: Command, options?: { readonly requestId?: Uint8Array }): Promise<Result> {
    this.#requireWritable();
    const requestId = options?.requestId ?? this.#options.random.bytes(16);
    if (this.#shared !== undefined) return this.#shared.execute(command, requestId);
    const { index, answer } = this.#decide(command, requestId);
    await this.#confirm(index);
    return answer();
  }

  /**
   * What `query` says of the state, once all that it looked at is durable. The answer must not be a part of the state
   * itself, which goes on changing. Fails as `query` does, and with `closed`, `journal_failed`.
   */
  async read<T>(query: (state: TrackerState) => T): Promise<T> {
    if (this.#shared !== undefined) {
      this.#requireReadable();
      return this.#shared.read(query);
    }
    if (this.#mode === 'ready') {
      const { index } = this.latest.position;
      const term = this.#term;
      const answer = attempt(() => query(this.latest));
      if (this.durableIndex < index) await this.#lastCommit;
      if (this.durableIndex >= index && this.#term === term) return answer();
    }
    // After a failure the pending writes are gone from the state, so the question is put again.
    await this.#lastCommit;
    this.#requireReadable();
    return query(this.latest);
  }

  /** The acknowledged entries after `position`, for another tracker. Fails with `diverged`, `compacted`. */
  async entriesAfter(position: JournalPosition, limits: ReadLimits): Promise<EntriesAfter> {
    this.#requireReadable();
    const { head, records } = await entriesAfter(this.#options.journal, position, limits);
    if (head.index <= this.durableIndex) return { head, records };
    // With several trackers what is durable here may still be cut back.
    const kept = records.filter((record) => record.position.index <= this.durableIndex);
    return { head: kept.at(-1)?.position ?? position, records: kept };
  }

  /** From now on this ledger decides the writes, as entries of `epoch`. */
  lead(epoch: number): void {
    this.#requireReadable();
    if (this.#failure !== undefined) throw this.#failure;
    this.#epoch = epoch;
    this.#mode = 'ready';
  }

  /**
   * From now on writes are refused with `refusal`, and pending ones end as `unconfirmed`; resolves when the state is the
   * one after the last acknowledged entry.
   */
  async follow(refusal: TrackerError): Promise<void> {
    this.#requireReadable();
    if (this.#failure !== undefined) return;
    this.#mode = 'following';
    this.#refusal = refusal;
    this.#term += 1;
    if (this.pendingWrites > 0) this.#lastCommit = this.#forgetPending(this.#lastCommit);
    await this.#lastCommit;
  }

  /**
   * Takes acknowledged entries that were decided elsewhere and follow the last one here: they are checked, appended
   * where the journal does not have them yet, and applied. Fails with `journal_corrupt`, `journal_failed`.
   */
  async adopt(records: readonly JournalRecord[]): Promise<void> {
    this.#requireReadable();
    const { journal } = this.#options;
    const fresh = records.filter(({ position }) => position.index > journal.head.index);
    if (fresh.length > 0) await journal.append(fresh);
    for (const record of records) {
      const { events } = this.#apply(record);
      this.#acknowledge(record.position.index, events);
    }
  }

  /** Cuts the journal after `index`, and takes back from the state what lay behind. For a ledger that follows. */
  async truncateAfter(index: number): Promise<void> {
    this.#requireFollowing();
    const { journal } = this.#options;
    await journal.truncateAfter(index);
    if (this.latest.position.index > index) this.#core.restart(await replayJournal(journal));
  }

  /** Goes on from another tracker's snapshot. For a ledger that follows; fails with `journal_corrupt`. */
  async install(snapshot: JournalSnapshot): Promise<void> {
    this.#requireFollowing();
    const state = decodeSnapshot(snapshot);
    await this.#options.journal.installSnapshot(snapshot);
    this.#core.restart(state);
  }

  /** Keeps the present state as a snapshot, made in slices, and drops entries before it. Fails as the journal does. */
  async compact({ keepEntries, ...slices }: CompactOptions): Promise<void> {
    const snapshot = await encodeSnapshotInSlices((freeze) => this.read(freeze), slices);
    await this.#options.journal.writeSnapshot(snapshot, {
      ...(keepEntries === undefined ? {} : { keepEntries }),
      ...(slices.signal === undefined ? {} : { signal: slices.signal }),
    });
  }

  /** Waits for the writes under way and closes the journal. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#mode = 'closed';
    await this.#lastCommit;
    await Promise.all([this.#shared?.close(), this.#options.journal.close()]);
  }

  #apply(record: JournalRecord): Entry {
    try {
      return this.#core.adopt(record);
    } catch (cause) {
      // The state may be half changed.
      if (!isTrackerError(cause)) this.#mode = 'failed';
      throw cause;
    }
  }

  #decide(command: Command, requestId: Uint8Array): Decided {
    try {
      const decided = this.#core.decide(command, { requestId, epoch: this.#epoch });
      if (decided.record !== undefined) this.#lastCommit = this.#track(decided.record, decided.events);
      return decided;
    } catch (cause) {
      // A defect in a command: the state may be half changed, and only the journal knows the whole one.
      if (!isTrackerError(cause, 'busy')) this.#lastCommit = this.#fail(cause);
      throw cause;
    }
  }

  async #track(record: JournalRecord, events: readonly TrackerEvent[]): Promise<void> {
    const before = this.#lastCommit;
    const term = this.#term;
    try {
      await this.#commit([record]);
    } catch (cause) {
      if (this.#term === term) await this.#fail(cause);
      return;
    }
    await before;
    if (this.#failure !== undefined || this.#term !== term) return;
    this.#acknowledge(record.position.index, events);
  }

  #acknowledge(index: number, events: readonly TrackerEvent[]): void {
    this.#core.acknowledge(index);
    this.#options.onCommitted?.({ index, events }, this.latest);
  }

  /** Waits until all entries up to `index` are durable; fails with `unconfirmed` when they will not be. */
  async #confirm(index: number): Promise<void> {
    const term = this.#term;
    if (this.durableIndex < index) await this.#lastCommit;
    if (this.durableIndex >= index && this.#term === term) return;
    throw new TrackerError(
      'unconfirmed',
      'Cannot tell whether this was kept: the tracker could not write it down safely; look before you try again',
      { cause: this.#failure ?? this.#refusal },
    );
  }

  async #forgetPending(pending: Promise<void>): Promise<void> {
    await pending;
    await this.#goBack();
  }

  #fail(cause: unknown): Promise<void> {
    this.#recovery ??= this.#stopWriting(cause);
    return this.#recovery;
  }

  async #stopWriting(cause: unknown): Promise<void> {
    this.#failure = new TrackerError(
      'read_only',
      `This tracker no longer takes changes, because its journal failed (${describe(cause)}); ` +
        'lists and downloads still work; its operator has to repair the disk and start it again',
      { cause },
    );
    if (this.#mode === 'ready') this.#mode = 'read_only';
    this.#refusal = this.#failure;
    this.#options.onFailure?.(this.#failure);
    await this.#goBack();
  }

  /** To the state of the last acknowledged entry. */
  async #goBack(): Promise<void> {
    try {
      this.#core.restart(await replayJournal(this.#options.journal, this.durableIndex));
    } catch {
      if (this.#mode !== 'closed') this.#mode = 'failed';
    }
  }

  #requireWritable(): void {
    if ((this.#mode === 'read_only' || this.#mode === 'following') && this.#refusal !== undefined)
      throw this.#refusal;
    this.#requireReadable();
  }

  #requireFollowing(): void {
    this.#requireReadable();
    if (this.#mode === 'following') return;
    throw new TypeError(`Cannot change the journal of a ledger that is ${this.#mode}: expected following`);
  }

  #requireReadable(): void {
    if (this.#mode === 'closed') throw new TrackerError('closed', 'Cannot use this tracker: it is closed');
    if (this.#mode !== 'failed') return;
    throw new TrackerError(
      'journal_failed',
      'This tracker cannot read its journal; its operator has to repair it',
    );
  }
}

/** Runs `task` now and keeps its outcome, a result or an error, for later. */
function attempt<T>(task: () => T): () => T {
  try {
    const value = task();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
