/**
 * The interface that every journal meets: the entries of a tracker in order, durable once `append` has answered.
 *
 * A journal keeps bytes and where they stand; it does not look into them. Whether they form an unbroken chain is checked
 * by whoever replays them (`replay.ts`). Its contract suite is `test/journal-contract.ts`.
 */
import type { JournalRecord } from '../entry.ts';
import { corrupt, sameBytes } from '../entry.ts';
import type { JournalPosition } from '../messages.ts';

/** How much one `read` may answer; it answers at least one record where there is one. */
export interface ReadLimits {
  readonly entries: number;
  readonly bytes: number;
}

/** The state after the entry at `position`, as bytes that the journal does not look into. */
export interface JournalSnapshot {
  readonly position: JournalPosition;
  readonly bytes: Uint8Array;
}

export interface SnapshotOptions {
  /** Entries before the snapshot that are kept all the same, for whoever is a little behind; none unless told. */
  readonly keepEntries?: number;
  readonly signal?: AbortSignal;
}

/** How much is kept, to tell when a snapshot is worth its while. */
export interface JournalSize {
  /** Those after the snapshot, and their bytes. */
  readonly entries: number;
  readonly entryBytes: number;
  readonly snapshotBytes: number;
}

/** What a replay needs of a journal. */
export type ReadableJournal = Pick<Journal, 'isShared' | 'head' | 'base' | 'read' | 'readSnapshot'>;

/** All methods fail with `closed` after `close`. */
export interface Journal extends AsyncDisposable {
  /** 16 random bytes, made when the place where the journal is kept was made: an emptied disk is somebody else. */
  readonly storeId: Uint8Array;
  /** Other trackers append to it, too. What is in it is acknowledged, so it is never cut. */
  readonly isShared: boolean;
  /** The last durable entry, or `genesis`. */
  readonly head: JournalPosition;
  /** The index of the last entry that was dropped, or 0: at most that of the snapshot, which stands for it. */
  readonly base: number;
  /**
   * Adds records that follow the last one given; resolves when they are durable, in order. Appends of one turn are made
   * durable together. Fails with `journal_failed`, and so does every later call: what became of them is then unknown.
   * Throws a RangeError for a record that does not follow.
   */
  append(records: readonly JournalRecord[]): Promise<void>;
  /** The durable records after index `after`, oldest first. Throws a RangeError when some of them were dropped. */
  read(after: number, limits: ReadLimits): Promise<readonly JournalRecord[]>;
  readSnapshot(): Promise<JournalSnapshot | undefined>;
  /**
   * Keeps a snapshot of a durable position instead of the one before, and drops the entries up to it. Does nothing where
   * there is one of that position or a later one. Appends do not wait for all of it. Fails with `journal_corrupt` where
   * the journal has another entry there, and throws a RangeError where it has none.
   */
  writeSnapshot(snapshot: JournalSnapshot, options?: SnapshotOptions): Promise<void>;
  /** Drops everything and goes on from a snapshot of another tracker. A shared journal throws a TypeError. */
  installSnapshot(snapshot: JournalSnapshot): Promise<void>;
  /**
   * Cuts off the durable records after index `after`; what was appended before is waited for. Throws a RangeError when
   * that entry is not there, or lies before the snapshot; a shared journal throws a TypeError.
   */
  truncateAfter(after: number): Promise<void>;
  size(): Promise<JournalSize>;
  /** Waits for what was appended. Idempotent. */
  close(): Promise<void>;
}

/**
 * A journal that other trackers append to, too. `append` fails with `diverged` where another one was first, and so does
 * every later one until `takeTurn`, because they rest on what was not kept. After `journal_failed`, `takeTurn` helps, too.
 */
export interface SharedJournal extends Journal {
  readonly isShared: true;
  /**
   * Waits until nobody else can append, and moves `head` to the end of the journal. Ends with the next `append`, which
   * may be of nothing. A turn may be lost; the `append` tells. Fails with `journal_failed`, `journal_corrupt`.
   */
  takeTurn(): Promise<void>;
  /**
   * Moves `head` to the end of the journal, or leaves it and answers false where that cannot be learnt soon. Fails with
   * `journal_corrupt`.
   */
  refresh(): Promise<boolean>;
  /** Calls `listener` whenever `head` has moved, until the answer is called. */
  watch(listener: () => void): () => void;
}

/** Throws unless `records` follow `last`, the index of the last record given. */
export function checkFollows(last: number, records: readonly JournalRecord[]): void {
  records.forEach((record, at) => {
    const wanted = last + 1 + at;
    if (record.position.index === wanted) return;
    throw new RangeError(`Cannot append entry ${record.position.index}: expected ${wanted}`);
  });
}

/** Throws when entries after `after` were dropped. */
export function checkKept(base: number, after: number): void {
  if (after < base)
    throw new RangeError(`Cannot read after entry ${after}: entries up to ${base} were dropped`);
}

/** Throws unless a journal with a snapshot at `snapshot` and its end at `head` can be cut after `after`. */
export function checkCut(place: { readonly snapshot: number; readonly head: number }, after: number): void {
  if (after >= place.snapshot && after <= place.head) return;
  throw new RangeError(`Cannot cut after entry ${after}: expected ${place.snapshot} to ${place.head}`);
}

/**
 * Whether a snapshot of `position` goes beyond the present one, which is of index `present`. Throws unless the journal has
 * that very entry: what a snapshot of another history stands for would be lost.
 */
export async function isNewSnapshot(
  journal: ReadableJournal,
  present: number,
  { index, hash }: JournalPosition,
): Promise<boolean> {
  if (index <= present) return false;
  if (index > journal.head.index) {
    throw new RangeError(
      `Cannot keep a snapshot of entry ${index}: the journal ends at entry ${journal.head.index}`,
    );
  }
  const [record] = await journal.read(index - 1, { entries: 1, bytes: 0 });
  if (record !== undefined && sameBytes(record.position.hash, hash)) return true;
  throw corrupt(index, 'the journal has another entry there than the snapshot');
}

/** The index up to which entries go when a snapshot of `index` is kept. */
export function dropsUpTo(index: number, { keepEntries = 0 }: SnapshotOptions = {}): number {
  return Math.max(0, index - keepEntries);
}

/** The first of `records` that fit into `limits`, at least one. */
export function takeWithin(records: readonly JournalRecord[], limits: ReadLimits): readonly JournalRecord[] {
  let bytes = 0;
  const end = records.findIndex((record, at) => {
    bytes += record.bytes.length;
    return at > 0 && (at >= limits.entries || bytes > limits.bytes);
  });
  return end === -1 ? records : records.slice(0, end);
}
