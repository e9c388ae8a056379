/** What one tracker tells another of its journal. */
import type { JournalRecord } from '../entry.ts';
import { sameBytes } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import type { JournalPosition } from '../messages.ts';
import type { Journal, ReadLimits } from './journal.ts';

export interface EntriesAfter {
  /** Of the journal when it was asked. */
  readonly head: JournalPosition;
  readonly records: readonly JournalRecord[];
}

/**
 * The durable entries after `position`, at least one where there is one. Fails with `diverged` when the journal has
 * another entry there or none, and with `compacted` when it no longer has those after it.
 */
export async function entriesAfter(
  journal: Journal,
  position: JournalPosition,
  limits: ReadLimits,
): Promise<EntriesAfter> {
  const { head, base } = journal;
  const { index, hash } = position;
  if (index < base) {
    throw new TrackerError(
      'compacted',
      `Cannot go on from entry ${index}: entries up to ${base} were dropped`,
    );
  }
  const own = await hashAt(journal, index);
  if (own !== undefined && !sameBytes(own, hash)) throw diverged(index, 'another entry');
  if (own === undefined && index !== base) throw diverged(index, 'no entry');
  const records = await journal.read(index, limits);
  return { head, records: records.filter((record) => record.position.index <= head.index) };
}

/** The hash of the entry at `index`; undefined where the entry itself is not kept. */
async function hashAt(journal: Journal, index: number): Promise<Uint8Array | undefined> {
  const { head, base } = journal;
  if (index === head.index) return head.hash;
  if (index <= base || index > head.index) return undefined;
  const [record] = await journal.read(index - 1, { entries: 1, bytes: 0 });
  return record?.position.hash;
}

function diverged(index: number, what: string): TrackerError {
  return new TrackerError('diverged', `Cannot go on from entry ${index}: this tracker has ${what} there`);
}
