/** The end of a journal as the replication core wants to have it. */
import { genesis, type JournalRecord } from '../entry.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalPosition } from '../messages.ts';
import { WINDOW_LIMITS } from '../replication/record-window.ts';

const BATCH = { entries: 1_024, bytes: 4 * 1024 * 1024 };

/** The last entries of `journal`, and the position before them. Fails as `Journal.read` does. */
export async function openWindow(
  journal: Journal,
): Promise<{ readonly base: JournalPosition; readonly records: readonly JournalRecord[] }> {
  const { head } = journal;
  const from = Math.max(journal.base, head.index - WINDOW_LIMITS.entries);
  const records: JournalRecord[] = [];
  for (let after = from; after < head.index; after = records.at(-1)?.position.index ?? head.index) {
    records.push(...(await journal.read(after, BATCH)));
  }
  if (from === 0) return { base: genesis, records };
  // The entry before the first one is gone; the first one itself serves as the base.
  const [first, ...others] = records;
  return { base: first?.position ?? head, records: others };
}
