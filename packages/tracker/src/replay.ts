/**
 * From a journal back to the state: every entry is checked against the one before it and applied.
 *
 * Nothing is skipped or repaired. A journal that cannot be followed to its head fails with `journal_corrupt` and the index
 * where it breaks, because a state with a hole in it would give away what the missing entries forbid.
 */
import { corrupt, type JournalRecord, openRecord, positionBefore, sameBytes } from './entry.ts';
import { describe } from './errors.ts';
import type { ReadableJournal, ReadLimits } from './journal/journal.ts';
import type { JournalPosition } from './messages.ts';
import { decodeSnapshot } from './snapshot.ts';
import type { OwnedState } from './state.ts';
import { applyEntry, createState } from './state.ts';

/** Read and applied without a pause: some 10 ms of work. */
const BATCH: ReadLimits = { entries: 1_024, bytes: 1024 * 1024 };

/**
 * The state at the journal's head, or after its entry `upTo` where that is given. Where another tracker has put a later
 * snapshot in the place of that entry meanwhile, the state is that one's.
 */
export async function replayJournal(
  journal: ReadableJournal,
  upTo: number = journal.head.index,
): Promise<OwnedState> {
  let state = await startingState(journal);
  while (state.position.index < upTo) {
    const records = await readNext(journal, state.position.index, upTo);
    if (records === 'dropped') state = await startingState(journal);
    else for (const record of records) applyRecord(state, record);
  }
  const { position } = state;
  if (position.index === journal.head.index && !sameBytes(position.hash, journal.head.hash)) {
    throw corrupt(position.index, 'the journal keeps another hash for its end');
  }
  return state;
}

async function readNext(
  journal: ReadableJournal,
  after: number,
  upTo: number,
): Promise<readonly JournalRecord[] | 'dropped'> {
  let records: readonly JournalRecord[];
  try {
    records = await journal.read(after, { ...BATCH, entries: Math.min(BATCH.entries, upTo - after) });
  } catch (error) {
    // By another tracker, in favour of a snapshot.
    if (journal.base > after) return 'dropped';
    throw error;
  }
  if (records.length > 0) return records;
  throw corrupt(after + 1, `it is missing, though the journal ends at entry ${upTo}`);
}

function applyRecord(state: OwnedState, record: JournalRecord): void {
  const entry = openRecord(record, state.position);
  try {
    applyEntry(state, entry, record);
  } catch (cause) {
    throw corrupt(entry.index, describe(cause), { cause });
  }
}

async function startingState(journal: ReadableJournal): Promise<OwnedState> {
  const snapshot = await journal.readSnapshot();
  if (snapshot === undefined) return createState();
  // Those of a shared journal may go while they are read.
  if (!journal.isShared) await checkEarlier(journal, snapshot.position);
  return decodeSnapshot(snapshot);
}

/** What is kept before a snapshot is for whoever is a little behind: it has to lead to the snapshot. */
async function checkEarlier(journal: ReadableJournal, snapshot: JournalPosition): Promise<void> {
  let last: JournalPosition | undefined;
  let { base: after } = journal;
  while (after < snapshot.index) {
    const entries = Math.min(BATCH.entries, snapshot.index - after);
    const records = await journal.read(after, { ...BATCH, entries });
    if (records.length === 0) throw corrupt(after + 1, 'it is missing, though there are entries before it');
    for (const record of records) {
      openRecord(record, last ?? positionBefore(record));
      last = record.position;
    }
    after += records.length;
  }
  if (last === undefined || sameBytes(last.hash, snapshot.hash)) return;
  throw corrupt(snapshot.index, 'it is not the one that the snapshot stands for');
}
