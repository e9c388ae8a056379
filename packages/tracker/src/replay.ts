/**
 * From a journal back to the state: every entry is checked against the one before it and applied.
 *
 * Nothing is skipped or repaired. A journal that cannot be followed to its head fails with `journal_corrupt` and the index
 * where it breaks, because a state with a hole in it would give away what the missing entries forbid.
 */
import { corrupt, openRecord, sameBytes } from './entry.ts';
import { describe } from './errors.ts';
import type { Journal, ReadLimits } from './journal/journal.ts';
import { decodeSnapshot } from './snapshot.ts';
import type { OwnedState } from './state.ts';
import { applyEntry, createState } from './state.ts';

/** Read and applied without a pause: some 10 ms of work. */
const BATCH: ReadLimits = { entries: 1_024, bytes: 1024 * 1024 };

/** The state at the journal's head, or after its entry `upTo` where that is given. */
export async function replayJournal(
  journal: Journal,
  upTo: number = journal.head.index,
): Promise<OwnedState> {
  const state = await startingState(journal);
  while (state.position.index < upTo) {
    const { index } = state.position;
    const records = await journal.read(index, { ...BATCH, entries: Math.min(BATCH.entries, upTo - index) });
    if (records.length === 0)
      throw corrupt(index + 1, `it is missing, though the journal ends at entry ${upTo}`);
    for (const record of records) {
      const entry = openRecord(record, state.position);
      try {
        applyEntry(state, entry, record);
      } catch (cause) {
        throw corrupt(entry.index, describe(cause), { cause });
      }
    }
  }
  if (upTo === journal.head.index && !sameBytes(state.position.hash, journal.head.hash)) {
    throw corrupt(upTo, 'the journal keeps another hash for its end');
  }
  return state;
}

async function startingState(journal: Journal): Promise<OwnedState> {
  const snapshot = await journal.readSnapshot();
  if (snapshot === undefined) return createState();
  return decodeSnapshot(snapshot);
}
