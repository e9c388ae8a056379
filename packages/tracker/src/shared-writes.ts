/**
 * Reads and writes of a tracker whose journal other trackers append to, too.
 *
 * What affects an answer:
 * - a write is decided only in this tracker's turn, after everything that the others wrote: so a name has one owner;
 * - the writes that wait are decided one after another in one turn, and committed together;
 * - a turn can be lost while it lasts. Then nothing of it was kept, and its writes are decided again in the next one;
 * - a commit can end with nobody knowing what became of it. Then its writers are told so, and the state is made anew;
 * - a read is answered after a look at the journal's end, from a state without anything that is not durable. While the
 *   journal cannot be reached it is answered from what was known before.
 */
import type { Command } from './commands/command.ts';
import { corrupt } from './entry.ts';
import { describe, isTrackerError, TrackerError } from './errors.ts';
import type { Result, TrackerEvent } from './events.ts';
import type { Journal, ReadLimits, SharedJournal } from './journal/journal.ts';
import type { Decided, LedgerCore } from './ledger-core.ts';
import type { TrackerLimits } from './limits.ts';
import type { TrackerState } from './model.ts';
import { replayJournal } from './replay.ts';

export interface SharedWritesOptions {
  readonly core: LedgerCore;
  readonly journal: SharedJournal;
  readonly epoch: number;
  readonly limits: Pick<TrackerLimits, 'pendingWrites'>;
  /** Told of every entry's events in order, whoever wrote it. */
  readonly onCommitted: (entry: { readonly index: number; readonly events: readonly TrackerEvent[] }) => void;
  /** Told once, when the journal makes no sense. */
  readonly onFailure: (error: TrackerError) => void;
}

/** A write that waits for its turn. */
interface Waiting {
  readonly command: Command;
  readonly requestId: Uint8Array;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

type DecidedWrite = Waiting & Decided;

const BATCH: ReadLimits = { entries: 1_024, bytes: 1024 * 1024 };

/** Whether other trackers append to `journal`, too. */
export function isSharedJournal(journal: Journal): journal is SharedJournal {
  return journal.isShared;
}

export class SharedWrites {
  readonly #options: SharedWritesOptions;
  readonly #core: LedgerCore;
  readonly #journal: SharedJournal;
  #waiting: Waiting[] = [];
  /** Settles when no write waits and none is being committed. */
  #writing: Promise<void> | undefined;
  /** Settles when nobody uses the state. */
  #idle: Promise<unknown> = Promise.resolve();
  /** The state contains what may not be in the journal. */
  #isDoubtful = false;
  /** The last read rests on what was known before: others may have written since. */
  #isStale = false;
  #isFollowing = false;
  #failure: TrackerError | undefined;
  readonly #unwatch: () => void;

  constructor(options: SharedWritesOptions) {
    this.#options = options;
    this.#core = options.core;
    this.#journal = options.journal;
    this.#unwatch = options.journal.watch(() => this.#follow());
  }

  /** Writes that wait for their turn. */
  get pending(): number {
    return this.#waiting.length;
  }

  /** As `Ledger.mayBeStale`. */
  get mayBeStale(): boolean {
    return this.#isStale;
  }

  /** As `Ledger.execute`. */
  execute(command: Command, requestId: Uint8Array): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.pending >= this.#options.limits.pendingWrites) {
      const message = `${this.pending} writes wait for the journal already; try again in a moment`;
      return Promise.reject(new TrackerError('busy', message));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.push({ command, requestId, resolve, reject });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  /** As `Ledger.read`. */
  async read<T>(query: (state: TrackerState) => T): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    const isAtEnd = await this.#journal.refresh().catch((error: unknown) => {
      this.#noteFailure(error);
      throw error;
    });
    return this.#alone(async () => {
      let isCaughtUp = true;
      try {
        await this.#catchUp();
      } catch (error) {
        // Out of reach, not broken: what is known is better than nothing.
        if (this.#isDoubtful || !isTrackerError(error, 'journal_failed')) throw error;
        isCaughtUp = false;
      }
      this.#isStale = !isAtEnd || !isCaughtUp;
      return query(this.#core.state);
    });
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    this.#unwatch();
    await this.#writing;
    await this.#idle;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        await this.#journal.takeTurn();
        await this.#alone(() => this.#writeInTurn());
      } catch (cause) {
        this.#noteFailure(cause);
        this.#refuse(this.#waiting.splice(0), cause);
      }
    }
    this.#writing = undefined;
  }

  /** Decides and commits what waits. Fails when the tail cannot be read: then nothing was decided. */
  async #writeInTurn(): Promise<void> {
    try {
      await this.#catchUp();
    } catch (error) {
      await this.#endTurn();
      throw error;
    }
    await this.#commit(this.#decideAll(this.#waiting.splice(0)));
    if (this.#isDoubtful) await this.#makeAnew();
  }

  /** Nothing, when a command has a defect: the state may be half changed then, and the other writes wait once more. */
  #decideAll(writes: readonly Waiting[]): readonly DecidedWrite[] {
    const decided: DecidedWrite[] = [];
    for (const [at, write] of writes.entries()) {
      try {
        const { requestId } = write;
        decided.push({
          ...write,
          ...this.#core.decide(write.command, { requestId, epoch: this.#options.epoch }),
        });
      } catch (error) {
        write.reject(error);
        if (isTrackerError(error, 'busy')) continue;
        this.#isDoubtful = true;
        this.#waiting.unshift(...decided, ...writes.slice(at + 1));
        return [];
      }
    }
    return decided;
  }

  async #commit(decided: readonly DecidedWrite[]): Promise<void> {
    const records = decided.flatMap(({ record }) => record ?? []);
    if (records.length === 0) await this.#endTurn();
    else {
      try {
        await this.#journal.append(records);
      } catch (cause) {
        this.#isDoubtful = true;
        if (isTrackerError(cause, 'diverged')) this.#waiting.unshift(...decided);
        else for (const { reject } of decided) reject(unconfirmed(cause));
        return;
      }
    }
    for (const write of decided) {
      if (write.record !== undefined) this.#acknowledge(write.record.position.index, write.events);
      settle(write);
    }
  }

  /** Applies what other trackers wrote. Fails with `journal_corrupt`, and with `journal_failed` when it cannot be read. */
  async #catchUp(): Promise<void> {
    const { head } = this.#journal;
    try {
      if (this.#isDoubtful) await this.#restart();
      while (this.#core.durableIndex < head.index) await this.#adoptSome();
    } catch (error) {
      this.#noteFailure(error);
      throw error;
    }
  }

  async #adoptSome(): Promise<void> {
    const { durableIndex } = this.#core;
    if (this.#journal.base > durableIndex) return this.#restart();
    const records = await this.#journal.read(durableIndex, BATCH).catch((error: unknown) => {
      // Another tracker has just dropped them in favour of a snapshot.
      if (this.#journal.base > durableIndex) return undefined;
      throw error;
    });
    if (records?.length === 0) throw corrupt(durableIndex + 1, 'it is missing');
    for (const record of records ?? []) {
      const { events } = this.#core.adopt(record);
      this.#acknowledge(record.position.index, events);
    }
  }

  /** To the last acknowledged entry, or to the snapshot behind it. */
  async #restart(): Promise<void> {
    this.#core.restart(await replayJournal(this.#journal, this.#core.durableIndex));
    this.#isDoubtful = false;
  }

  /** Not in anybody's turn, because it may take long. Where it fails, the next who needs the state tries again. */
  async #makeAnew(): Promise<void> {
    await this.#restart().catch((error: unknown) => this.#noteFailure(error));
  }

  #acknowledge(index: number, events: readonly TrackerEvent[]): void {
    this.#core.acknowledge(index);
    this.#options.onCommitted({ index, events });
  }

  /** Learns of what others wrote, so that those who are connected here hear of it. */
  #follow(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    void this.#alone(async () => {
      this.#isFollowing = false;
      // Whoever needs the state next tries again and says what is wrong.
      await this.#catchUp().catch(() => undefined);
    });
  }

  async #endTurn(): Promise<void> {
    // A turn that cannot be ended was lost.
    await this.#journal.append([]).catch(() => undefined);
  }

  /** Runs `task` when nobody else uses the state. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const outcome = this.#idle.then(task);
    this.#idle = outcome.catch(() => undefined);
    return outcome;
  }

  #refuse(writes: readonly Waiting[], cause: unknown): void {
    const message =
      `This tracker takes no changes now, because its journal cannot be used (${describe(cause)}); ` +
      'lists and downloads still work; try again in a moment';
    const error = this.#failure ?? new TrackerError('read_only', message, { cause });
    for (const { reject } of writes) reject(error);
  }

  /** A journal that is out of reach may come back; any other failure is for good. */
  #noteFailure(cause: unknown): void {
    if (this.#failure !== undefined || isTrackerError(cause, 'journal_failed', 'closed')) return;
    const message = `This tracker cannot use its journal (${describe(cause)}); its operator has to repair it`;
    this.#failure = new TrackerError('journal_failed', message, { cause });
    this.#options.onFailure(this.#failure);
  }
}

function settle({ answer, resolve, reject }: DecidedWrite): void {
  try {
    resolve(answer());
  } catch (error) {
    reject(error);
  }
}

function unconfirmed(cause: unknown): TrackerError {
  const message =
    'Cannot tell whether this was kept: the journal could not be reached; look before you try again';
  return new TrackerError('unconfirmed', message, { cause });
}
