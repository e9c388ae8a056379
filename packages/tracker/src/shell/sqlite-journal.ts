/**
 * A journal in one SQLite file, behind a thread of its own.
 *
 * What is appended while a commit is under way waits and is committed together, so that the disk sets how many commits
 * there are and not how many entries. It does not lock the file against a second process: `data-folder.ts` does.
 */
import { randomBytes } from 'node:crypto';
import type { JournalRecord } from '../entry.ts';
import { corrupt, genesis, sameBytes } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import { GroupCommit } from '../journal/group-commit.ts';
import type { Journal, JournalSize, JournalSnapshot, SnapshotOptions } from '../journal/journal.ts';
import { checkCut, checkFollows, checkKept, dropsUpTo, isNewSnapshot } from '../journal/journal.ts';
import type { JournalPosition } from '../messages.ts';
import { JournalThread } from './sqlite-journal-thread.ts';
import type { Opened, WorkerRequest } from './sqlite-journal-worker.ts';
import { journalError, journalFailed, type Row, toRecord, toRow } from './sqlite-statements.ts';

/** Opens the journal in `file`, which is made when it is not there. Fails with `journal_failed`, `journal_corrupt`. */
export async function openSqliteJournal(file: string): Promise<Journal> {
  const thread = new JournalThread(file);
  try {
    // The worker answers `open` with Opened; both sides are one module's types.
    const opened = (await thread.call({ kind: 'open', storeId: randomBytes(16) })) as Opened;
    const head = opened.head ?? genesis;
    checkNote(opened, head);
    return new SqliteJournal(thread, head, opened);
  } catch (error) {
    await thread.end();
    throw journalError(error);
  }
}

/** What of a snapshot is committed at a time: a few milliseconds of work. */
const PART_BYTES = 1024 * 1024;

class SqliteJournal implements Journal {
  readonly isShared = false;
  readonly storeId: Uint8Array;
  readonly #thread: JournalThread;
  #head: JournalPosition;
  #base: number;
  #snapshotIndex: number;
  /** The last number that the parts of a snapshot were written under. */
  #snapshotNumber: number;
  /** Settles when no snapshot is being written; never rejects. */
  #snapshotWork: Promise<unknown> = Promise.resolve();
  /** The index of the last record given to `append`. */
  #last: number;
  readonly #commits = new GroupCommit<readonly JournalRecord[]>((batch) => this.#commit(batch.flat()));
  #failure: TrackerError | undefined;
  #closing: Promise<void> | undefined;

  constructor(thread: JournalThread, head: JournalPosition, opened: Opened) {
    this.storeId = opened.storeId;
    this.#thread = thread;
    this.#head = head;
    this.#last = head.index;
    this.#base = opened.base;
    this.#snapshotIndex = opened.snapshotIndex;
    this.#snapshotNumber = opened.snapshotNumber;
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
    return this.#commits.add(records);
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
    const row = await this.#call({ kind: 'read_snapshot' }, this.#snapshotIndex);
    // As above; no row is undefined.
    return row === undefined ? undefined : toRecord(row as Row);
  }

  async writeSnapshot(snapshot: JournalSnapshot, options?: SnapshotOptions): Promise<void> {
    await this.#oneSnapshotAtATime(async () => {
      const { position } = snapshot;
      if (!(await isNewSnapshot(this, this.#snapshotIndex, position))) return;
      const number = await this.#writeParts(snapshot, options);
      await this.#call({ kind: 'keep_snapshot', position, number }, position.index);
      this.#snapshotIndex = position.index;
      this.#base = Math.max(this.#base, dropsUpTo(position.index, options));
      await this.#dropOld();
    });
  }

  async installSnapshot(snapshot: JournalSnapshot): Promise<void> {
    await this.#oneSnapshotAtATime(async () => {
      const { position } = snapshot;
      const number = await this.#writeParts(snapshot);
      await this.#commits.idle();
      await this.#call({ kind: 'install_snapshot', position, number }, position.index);
      this.#moveTo(position);
      this.#snapshotIndex = position.index;
      this.#base = position.index;
      await this.#dropOld();
    });
  }

  async truncateAfter(after: number): Promise<void> {
    this.#requireOpen();
    await this.#commits.idle();
    checkCut({ snapshot: this.#snapshotIndex, head: this.#head.index }, after);
    const head = await this.#positionAt(after);
    await this.#call({ kind: 'truncate', after }, after);
    this.#moveTo(head);
  }

  async size(): Promise<JournalSize> {
    this.#requireOpen();
    // The worker answers with a JournalSize.
    return (await this.#call({ kind: 'measure' }, this.#head.index)) as JournalSize;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#commits.idle();
    await this.#snapshotWork;
    await this.#thread.end();
  }

  async #oneSnapshotAtATime(task: () => Promise<void>): Promise<void> {
    this.#requireOpen();
    const work = this.#snapshotWork.then(async () => {
      this.#requireOpen();
      await task().catch(async (error: unknown) => {
        // Parts that nobody needs, on a disk that may be full; where that fails, too, they go with the next snapshot.
        await this.#dropOld().catch(() => undefined);
        throw error;
      });
    });
    this.#snapshotWork = work.catch(() => undefined);
    await work;
  }

  /** One commit each, so that appends come in between. Answers the number that they have in common. */
  async #writeParts(snapshot: JournalSnapshot, options?: SnapshotOptions): Promise<number> {
    const number = this.#snapshotNumber + 1;
    this.#snapshotNumber = number;
    const { bytes, position } = snapshot;
    for (let part = 0; part * PART_BYTES < bytes.length; part += 1) {
      this.#requireOpen();
      options?.signal?.throwIfAborted();
      const piece = bytes.slice(part * PART_BYTES, (part + 1) * PART_BYTES);
      await this.#call({ kind: 'write_part', number, part, bytes: piece }, position.index);
    }
    return number;
  }

  /** What is left of it when the journal is closed meanwhile goes with the next snapshot. */
  async #dropOld(): Promise<void> {
    while (this.#closing === undefined) {
      if ((await this.#call({ kind: 'drop_some', upTo: this.#base }, this.#base)) === false) return;
    }
  }

  #moveTo(head: JournalPosition): void {
    this.#head = head;
    this.#last = head.index;
  }

  async #positionAt(index: number): Promise<JournalPosition> {
    if (index === this.#head.index) return this.#head;
    if (index > this.#base) {
      const [record] = await this.read(index - 1, { entries: 1, bytes: 0 });
      if (record !== undefined) return record.position;
    }
    return (await this.readSnapshot())?.position ?? genesis;
  }

  async #commit(records: readonly JournalRecord[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#thread.call({ kind: 'append', rows: records.map(toRow) });
    } catch (cause) {
      this.#failure = journalFailed(cause);
      throw this.#failure;
    }
    this.#head = records.at(-1)?.position ?? this.#head;
  }

  async #call(request: WorkerRequest, index: number): Promise<unknown> {
    try {
      return await this.#thread.call(request);
    } catch (cause) {
      throw journalError(cause, index);
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
