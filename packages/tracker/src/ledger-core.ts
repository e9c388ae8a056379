/**
 * The ledger without its waiting: decides commands against the state, applies entries, and knows which are acknowledged.
 *
 * Everything here happens at once and in order. Who waits for what, and what makes an entry durable, is for its callers:
 * `ledger.ts` with promises, the simulator of the cluster without them. It refuses to apply an entry that does not follow.
 */
import type { Command } from './commands/command.ts';
import type { Entry, JournalRecord } from './entry.ts';
import { openRecord, sameBytes, sealEntry } from './entry.ts';
import { TrackerError } from './errors.ts';
import type { Result, TrackerEvent } from './events.ts';
import { toHex } from './hex.ts';
import type { TrackerLimits } from './limits.ts';
import type { TrackerState } from './model.ts';
import type { OwnedState } from './state.ts';
import { applyEntry } from './state.ts';

/** A write as its tracker knows it: who asks, and in which epoch. */
export interface WriteOrder {
  /** 16 bytes. */
  readonly requestId: Uint8Array;
  readonly epoch: number;
}

export interface Decided {
  /** What has to become durable; nothing where there is nothing to write. */
  readonly record: JournalRecord | undefined;
  readonly events: readonly TrackerEvent[];
  /** The answer rests on the entries up to here, and may be told when they are acknowledged. */
  readonly index: number;
  /** The answer: a result, or an error that is thrown. */
  readonly answer: () => Result;
}

export class LedgerCore {
  readonly #limits: Pick<TrackerLimits, 'pendingWrites'>;
  #state: OwnedState;
  #durable: number;

  /** All of `state` counts as acknowledged. */
  constructor(state: OwnedState, limits: Pick<TrackerLimits, 'pendingWrites'>) {
    this.#limits = limits;
    this.#state = state;
    this.#durable = state.position.index;
  }

  /** With all entries that are decided, acknowledged or not. */
  get state(): TrackerState {
    return this.#state;
  }

  /** The index of the last acknowledged entry. */
  get durableIndex(): number {
    return this.#durable;
  }

  get pendingWrites(): number {
    return this.#state.position.index - this.#durable;
  }

  /** Whether a write with this id was decided already, so that `decide` will only repeat its answer. */
  knows(requestId: Uint8Array): boolean {
    return this.#state.doneRequests.has(toHex(requestId));
  }

  /**
   * Decides and applies. Throws `busy`, and what `applyEntry` does for a command that decides what cannot be: then the
   * state may be half changed, and has to be made anew.
   */
  decide(command: Command, order: WriteOrder): Decided {
    const repeated = this.#repeat(command, order.requestId);
    if (repeated !== undefined) return this.#decided(repeated);
    this.#requireRoom();
    let events: readonly TrackerEvent[];
    let result: Result;
    try {
      ({ events, result } = command.decide(this.#state));
    } catch (error) {
      return this.#decided(() => {
        throw error;
      });
    }
    if (events.length === 0) return this.#decided(() => result);
    const record = this.#write({ command, ...order, events, result });
    return { ...this.#decided(() => result), record, events };
  }

  /** Applies an entry that was decided elsewhere; `journal_corrupt` where it does not follow. */
  adopt(record: JournalRecord): Entry {
    const entry = openRecord(record, this.#state.position);
    applyEntry(this.#state, entry, record);
    return entry;
  }

  /** All entries up to `index` are acknowledged. */
  acknowledge(index: number): void {
    this.#durable = Math.max(this.#durable, Math.min(index, this.#state.position.index));
  }

  /** Goes on from another state, all of which counts as acknowledged. */
  restart(state: OwnedState): void {
    this.#state = state;
    this.#durable = state.position.index;
  }

  #decided(answer: () => Result): Decided {
    return { record: undefined, events: [], index: this.#state.position.index, answer };
  }

  #repeat(command: Command, requestId: Uint8Array): (() => Result) | undefined {
    const earlier = this.#state.doneRequests.get(toHex(requestId));
    if (earlier === undefined) return undefined;
    return () => {
      if (sameBytes(earlier.fingerprint, command.fingerprint)) return earlier.result;
      throw new TrackerError(
        'request_id_reused',
        'Cannot do this under the id of another request; take a new id',
      );
    };
  }

  #requireRoom(): void {
    if (this.pendingWrites < this.#limits.pendingWrites) return;
    throw new TrackerError(
      'busy',
      `${this.pendingWrites} writes wait for the disk already; try again in a moment`,
    );
  }

  #write(
    write: WriteOrder & {
      readonly command: Command;
      readonly events: readonly TrackerEvent[];
      readonly result: Result;
    },
  ): JournalRecord {
    const { command, requestId, epoch, events, result } = write;
    const { position } = this.#state;
    const entry: Entry = {
      version: 1,
      epoch,
      index: position.index + 1,
      requestId,
      fingerprint: command.fingerprint,
      result,
      events,
      prevHash: position.hash,
    };
    const record = sealEntry(entry);
    applyEntry(this.#state, entry, record);
    return record;
  }
}
