/** A journal that calls entries durable half a second before they are on the disk: a mistake that a run has to notice. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalRecord } from '../../src/entry.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openSqliteJournal } from '../../src/shell/sqlite-journal.ts';

const LATE_MS = 500;

export async function openLyingJournal(folder: string): Promise<Journal> {
  await mkdir(folder, { recursive: true });
  const journal = await openSqliteJournal(join(folder, 'journal.sqlite'));
  return new Proxy(journal, {
    get: (target, name) => {
      if (name === 'append') return appendLate;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

  async function appendLate(records: readonly JournalRecord[]): Promise<void> {
    setTimeout(() => void journal.append(records).catch(() => undefined), LATE_MS);
  }
}
