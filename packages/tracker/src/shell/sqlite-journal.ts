/**
 * A journal in one SQLite file, behind a thread of its own.
 *
 * What is appended while a commit is under way waits and is committed together, so that the disk sets how many commits
 * there are and not how many entries. It does not lock the file against a second process: `data-folder.ts` does.
 */
import type { JournalRecord } from '../entry.ts';
import { corrupt, genesis, sameBytes } from '../entry.ts';
import { describe, TrackerError } from '../errors.ts';
import type { Journal, JournalSnapshot } from '../journal/journal.ts';
import { checkFollows, checkKept } from '../journal/journal.ts';
import type { JournalPosition } from '../messages.ts';
import { JournalThread } from './sqlite-journal-thread.ts';
import type { Opened, Row, WorkerRequest } from './sqlite-journal-worker.ts';

/** Opens the journal in `file`, which is made when it is not there. Fails with `journal_failed`, `journal_corrupt`. */
export async function openSqliteJournal(file: string): Promise<Journal> {
  const thread = new JournalThread(file);
  try {
    // The worker answers `open` with Opened; both sides are one module's types.
    const opened = (await thread.call({ kind: 'open' })) as Opened;
    const head = opened.head ?? genesis;
    checkNote(opened, head);
    return new SqliteJournal(thread, head, opened.base);
  } catch (error) {
    await thread.end();
    if (error instanceof TrackerError) throw error;
    throw isDamage(error) ? corrupt(1, describe(error), { cause: error }) : failed(error);
  }
}

interface Waiting {
  readonly records: readonly JournalRecord[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class SqliteJournal implements Journal {
  readonly #thread: JournalThread;
  #head: JournalPosition;
  #base: number;
  /** The index of the last record given to `append`. */
  #last: number;
  #waiting: Waiting[] = [];
  /** Settles when nothing waits and nothing is being committed. */
  #flush: Promise<void> | undefined;
  #failure: TrackerError | undefined;
  #closing: Promise<void> | undefined;

  constructor(thread: JournalThread, head: JournalPosition, base: number) {
    this.#thread = thread;
    this.#head = head;
    this.#last = head.index;
    this.#base = base;
  }

  get head(): JournalPosition {
    return this.#head;
  }

  get base(): number {
    return this.#base;
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#requireOpen();
    if (this.#failure !== undefined) throw this.#failure;
    checkFollows(this.#last, records);
    this.#last += records.length;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ records, resolve, reject });
    this.#flush ??= this.#commitWaiting();
    return promise;
  }

  async read(...[after, limits]: Parameters<Journal['read']>): Promise<readonly JournalRecord[]> {
    this.#requireOpen();
    checkKept(this.#base, after);
    const rows = await this.#call({ kind: 'read', after, ...limits }, after + 1);
    // The worker selects whole rows of a STRICT table.
    return (rows as readonly Row[])
      .map(toRecord)
      .filter((record) => record.position.index <= this.#head.index);
  }

  async readSnapshot(): Promise<JournalSnapshot | undefined> {
    this.#requireOpen();
    const row = await this.#call({ kind: 'read_snapshot' }, this.#base);
    // As above; no row is undefined.
    return row === undefined ? undefined : toRecord(row as Row);
  }

  async writeSnapshot(snapshot: JournalSnapshot): Promise<void> {
    this.#requireOpen();
    const { index } = snapshot.position;
    checkKept(this.#base, index);
    await this.#call({ kind: 'write_snapshot', row: toRow(snapshot) }, index);
    this.#base = index;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#flush;
    await this.#thread.end();
  }

  async #commitWaiting(): Promise<void> {
    // All appends of this turn come first.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#commit(batch);
    }
    this.#flush = undefined;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const records = batch.flatMap((waiting) => waiting.records);
    try {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#thread.call({ kind: 'append', rows: records.map(toRow) });
      this.#head = records.at(-1)?.position ?? this.#head;
      for (const waiting of batch) waiting.resolve();
    } catch (cause) {
      this.#failure ??= failed(cause);
      for (const waiting of batch) waiting.reject(this.#failure);
    }
  }

  async #call(request: WorkerRequest, index: number): Promise<unknown> {
    try {
      return await this.#thread.call(request);
    } catch (cause) {
      throw isDamage(cause) ? corrupt(index, describe(cause), { cause }) : failed(cause);
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new TrackerError('closed', 'Cannot use the journal: it is closed');
  }
}

function checkNote({ noted }: Opened, head: JournalPosition): void {
  if (noted === undefined || noted.index < head.index) return;
  if (noted.index === head.index && sameBytes(noted.hash, head.hash)) return;
  const wanted = Math.min(head.index + 1, noted.index);
  throw corrupt(wanted, `entry ${noted.index} was acknowledged, but the journal ends at entry ${head.index}`);
}

function toRow({ position, bytes }: JournalRecord): Row {
  return { ...position, bytes };
}

function toRecord({ epoch, index, hash, bytes }: Row): JournalRecord {
  return { position: { epoch, index, hash }, bytes };
}

function failed(cause: unknown): TrackerError {
  return new TrackerError('journal_failed', `Cannot use the journal: ${describe(cause)}`, { cause });
}

/** What SQLite says of a file that is damaged. */
function isDamage(error: unknown): boolean {
  return /malformed|not a database|corrupt/.test(describe(error));
}
