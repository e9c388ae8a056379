/**
 * The order of all writes: a command is decided against the state, its entry applied at once, and acknowledged only when
 * it is durable. It refuses to answer anything that rests on a write that may still be lost.
 *
 * What affects an answer:
 * - the state includes writes that are not yet durable, so two commands in flight cannot both take one name;
 * - therefore refusals, empty decisions and reads wait, too, until all that they looked at is durable;
 * - a second try of a write (same request id) gets the first answer, once that is durable;
 * - `commit` is what durable means: here the journal, with several trackers every one that is in sync;
 * - when a commit fails, nobody knows what was kept. Then the ledger writes no more, tells the waiting writers so, and
 *   goes back to the state of the last acknowledged entry, for reads. Only a new start finds out what was kept.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { Command } from './commands/command.ts';
import type { JournalRecord } from './entry.ts';
import { sameBytes, sealEntry } from './entry.ts';
import { describe, TrackerError } from './errors.ts';
import type { Result, TrackerEvent } from './events.ts';
import { toHex } from './hex.ts';
import { type EntriesAfter, entriesAfter } from './journal/entries-after.ts';
import type { Journal, ReadLimits } from './journal/journal.ts';
import type { TrackerLimits } from './limits.ts';
import type { JournalPosition } from './messages.ts';
import type { TrackerState } from './model.ts';
import { replayJournal } from './replay.ts';
import { encodeSnapshot } from './snapshot.ts';
import type { OwnedState } from './state.ts';
import { applyEntry } from './state.ts';

/** Makes records durable wherever they have to be; resolves in order. A failure is final. */
export type Commit = (records: readonly JournalRecord[]) => Promise<void>;

export interface LedgerOptions {
  /** Owned by the ledger, which closes it. */
  readonly journal: Journal;
  /** For the ids of requests that come without one. */
  readonly random: Random;
  readonly limits: Pick<TrackerLimits, 'pendingWrites'>;
  /** The epoch of new entries; 1 unless told. */
  readonly epoch?: number;
  /** What has to happen before a write is acknowledged; `journal.append` unless told. */
  readonly commit?: Commit;
  /** Told of every acknowledged entry's events, in order, before its writer is answered. Must not throw. */
  readonly onCommitted?: (events: readonly TrackerEvent[], state: TrackerState) => void;
  /** Told once, when the ledger stops writing. */
  readonly onFailure?: (error: TrackerError) => void;
}

/** `failed`: neither writes nor reads are possible. */
export type LedgerMode = 'ready' | 'read_only' | 'failed' | 'closed';

/** Replays the journal; fails with `journal_corrupt` where that is not possible. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  return new Ledger(options, await replayJournal(options.journal));
}

export class Ledger implements AsyncDisposable {
  readonly #options: LedgerOptions;
  readonly #commit: Commit;
  #state: OwnedState;
  #mode: LedgerMode = 'ready';
  /** The index of the last acknowledged entry. */
  #durable: number;
  /** Settles when the last entry given to `commit` is durable; never rejects, because `#failure` tells. */
  #lastCommit: Promise<void> = Promise.resolve();
  #failure: TrackerError | undefined;
  /** Under way or over since the failure. */
  #recovery: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LedgerOptions, state: OwnedState) {
    this.#options = options;
    this.#commit = options.commit ?? ((records) => options.journal.append(records));
    this.#state = state;
    this.#durable = state.position.index;
  }

  get mode(): LedgerMode {
    return this.#mode;
  }

  /** The last entry that is acknowledged. */
  get durableIndex(): number {
    return this.#durable;
  }

  /** Writes that are decided and not yet acknowledged. */
  get pendingWrites(): number {
    return this.#state.position.index - this.#durable;
  }

  /**
   * The state with all writes that are decided, durable or not: to see once more, at the moment of acting, that something
   * is still allowed. What it shows must not be told to anybody; that is what `read` is for.
   */
  get latest(): TrackerState {
    return this.#state;
  }

  /** Whether a write with this id was decided already, so that `execute` will only repeat its answer. */
  knows(requestId: Uint8Array): boolean {
    return this.#state.doneRequests.has(toHex(requestId));
  }

  /**
   * Carries out a write and answers when it is durable. Fails as the command decides, and with `read_only`, `busy`,
   * `unconfirmed` (what became of it is unknown), `request_id_reused`, `closed`.
   */
  async execute(command: Command, options?: { readonly requestId?: Uint8Array }): Promise<Result> {
    this.#requireWritable();
    const requestId = options?.requestId ?? this.#options.random.bytes(16);
    const earlier = this.#state.doneRequests.get(toHex(requestId));
    if (earlier !== undefined) {
      await this.#confirm(this.#state.position.index);
      if (sameBytes(earlier.fingerprint, command.fingerprint)) return earlier.result;
      throw new TrackerError(
        'request_id_reused',
        'Cannot do this under the id of another request; take a new id',
      );
    }
    if (this.pendingWrites >= this.#options.limits.pendingWrites) {
      throw new TrackerError(
        'busy',
        `${this.pendingWrites} writes wait for the disk already; try again in a moment`,
      );
    }
    const result = this.#decide(command, requestId);
    await this.#confirm(this.#state.position.index);
    return result();
  }

  /**
   * What `query` says of the state, once all that it looked at is durable. The answer must not be a part of the state
   * itself, which goes on changing. Fails as `query` does, and with `closed`, `journal_failed`.
   */
  async read<T>(query: (state: TrackerState) => T): Promise<T> {
    if (this.#mode === 'ready') {
      const { index } = this.#state.position;
      const answer = attempt(() => query(this.#state));
      if (this.#durable < index) await this.#lastCommit;
      if (this.#durable >= index) return answer();
    }
    // After a failure the pending writes are gone from the state, so the question is put again.
    await this.#lastCommit;
    this.#requireReadable();
    return query(this.#state);
  }

  /** The durable entries after `position`, for another tracker. Fails with `diverged`, `compacted`. */
  async entriesAfter(position: JournalPosition, limits: ReadLimits): Promise<EntriesAfter> {
    this.#requireReadable();
    return entriesAfter(this.#options.journal, position, limits);
  }

  /** Keeps the present state as a snapshot and drops the entries before it. Encodes the whole state at once. */
  async compact(): Promise<void> {
    const snapshot = await this.read(encodeSnapshot);
    await this.#options.journal.writeSnapshot(snapshot);
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
    await this.#options.journal.close();
  }

  /** Decides and applies; what is answered is for when all is durable. */
  #decide(command: Command, requestId: Uint8Array): () => Result {
    const decision = attempt(() => command.decide(this.#state));
    return attempt(() => {
      const { events, result } = decision();
      if (events.length > 0) this.#write({ command, requestId, events, result });
      return result;
    });
  }

  #write(write: {
    readonly command: Command;
    readonly requestId: Uint8Array;
    readonly events: readonly TrackerEvent[];
    readonly result: Result;
  }): void {
    const { command, requestId, events, result } = write;
    const { position } = this.#state;
    const entry = {
      version: 1,
      epoch: this.#options.epoch ?? 1,
      index: position.index + 1,
      requestId,
      fingerprint: command.fingerprint,
      result,
      events,
      prevHash: position.hash,
    } as const;
    const record = sealEntry(entry);
    try {
      applyEntry(this.#state, entry, record);
    } catch (cause) {
      // A defect in a command: the state may be half changed, and only the journal knows the whole one.
      this.#lastCommit = this.#fail(cause);
      throw cause;
    }
    this.#lastCommit = this.#track(record, events);
  }

  async #track(record: JournalRecord, events: readonly TrackerEvent[]): Promise<void> {
    const before = this.#lastCommit;
    try {
      await this.#commit([record]);
    } catch (cause) {
      await this.#fail(cause);
      return;
    }
    await before;
    if (this.#failure !== undefined) return;
    this.#durable = record.position.index;
    this.#options.onCommitted?.(events, this.#state);
  }

  /** Waits until all entries up to `index` are durable; fails with `unconfirmed` when they will not be. */
  async #confirm(index: number): Promise<void> {
    if (this.#durable < index) await this.#lastCommit;
    if (this.#durable >= index) return;
    throw new TrackerError(
      'unconfirmed',
      'Cannot tell whether this was kept: the tracker could not write it down safely; look before you try again',
      { cause: this.#failure },
    );
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
    this.#options.onFailure?.(this.#failure);
    await this.#goBack();
  }

  /** To the state of the last acknowledged entry. */
  async #goBack(): Promise<void> {
    try {
      this.#state = await replayJournal(this.#options.journal, this.#durable);
    } catch {
      if (this.#mode === 'read_only') this.#mode = 'failed';
    }
  }

  #requireWritable(): void {
    if (this.#mode === 'read_only' && this.#failure !== undefined) throw this.#failure;
    this.#requireReadable();
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
