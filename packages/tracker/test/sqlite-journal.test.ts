import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Journal } from '../src/journal/journal.ts';
import { replayJournal } from '../src/replay.ts';
import { openSqliteJournal } from '../src/shell/sqlite-journal.ts';
import { createTestFolder } from './helpers/folder.ts';
import { chain, journalContract } from './journal-contract.ts';

journalContract('openSqliteJournal', async () => {
  const folder = await createTestFolder();
  let journal: Journal | undefined;
  return {
    open: async () => {
      await journal?.close();
      journal = await openSqliteJournal(join(folder.path, 'journal.sqlite'));
      return journal;
    },
    [Symbol.asyncDispose]: async () => {
      await journal?.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describe('openSqliteJournal', () => {
  it('detects any flipped bit of an entry, or has every entry as it was', async () => {
    await using folder = await createTestFolder();
    const whole = await writeJournal(folder.path, 12);
    const bytes = await readFile(whole);
    let detected = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const outcome = await openCopy(folder.path, flipped);
        if (outcome.kind === 'refused') detected += 1;
        else expect(outcome.users).toBe(12);
      }),
      { numRuns: 30 },
    );
    expect(detected).toBeGreaterThan(0);
  });

  it('names the entry whose bytes were changed, and what to do', async () => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 9);
    using database = new DatabaseSync(file);
    database.exec(
      `UPDATE entries SET bytes = CAST(replace(bytes, 'user-5', 'user-6') AS BLOB) WHERE "index" = 5`,
    );
    await using journal = await openSqliteJournal(file);
    await expect(replayJournal(journal)).rejects.toMatchObject({
      code: 'journal_corrupt',
      message: expect.stringMatching(
        /^Cannot use journal entry 5: .*; restore the data folder from a backup/,
      ),
    });
  });

  it('notices an entry that is gone from the middle', async () => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 9);
    using database = new DatabaseSync(file);
    database.exec('DELETE FROM entries WHERE "index" = 5');
    await using journal = await openSqliteJournal(file);
    await expect(replayJournal(journal)).rejects.toMatchObject({ code: 'journal_corrupt' });
  });

  it('notices that acknowledged entries are gone from the end', async () => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 9);
    using database = new DatabaseSync(file);
    database.exec('DELETE FROM entries WHERE "index" > 7');
    await expect(openSqliteJournal(file)).rejects.toMatchObject({
      code: 'journal_corrupt',
      message: expect.stringContaining('entry 9 was acknowledged, but the journal ends at entry 7'),
    });
  });

  it('notices a write-ahead log that a flipped bit cuts short', async () => {
    await using folder = await createTestFolder();
    const file = join(folder.path, 'live.sqlite');
    await using journal = await openSqliteJournal(file);
    for (const record of chain(9)) await journal.append([record]);
    // As a killed process leaves it: the log is not yet in the main file.
    const copy = join(folder.path, 'copy.sqlite');
    for (const suffix of ['', '-wal', '.head']) await copyFile(`${file}${suffix}`, `${copy}${suffix}`);
    const log = await readFile(`${copy}-wal`);
    const at = log.lastIndexOf('user-8');
    log[at] = (log[at] ?? 0) ^ 1;
    await writeFile(`${copy}-wal`, log);
    await expect(openSqliteJournal(copy)).rejects.toMatchObject({ code: 'journal_corrupt' });
  });

  it('lets nobody else read its files', async () => {
    await using folder = await createTestFolder();
    const file = join(folder.path, 'journal.sqlite');
    await using journal = await openSqliteJournal(file);
    await journal.append(chain(1));
    for (const suffix of ['', '-wal', '-shm', '.head']) {
      expect([suffix, (await stat(`${file}${suffix}`)).mode & 0o077]).toEqual([suffix, 0]);
    }
  });

  it('goes on without its note, and with a torn one', async () => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 3);
    for (const note of [new Uint8Array(0), new Uint8Array(20), new Uint8Array(48).fill(255)]) {
      await writeFile(`${file}.head`, note);
      await using journal = await openSqliteJournal(file);
      expect(journal.head.index).toBe(3);
    }
  });

  it('refuses a file that is no journal, or one of a later version', async () => {
    await using folder = await createTestFolder();
    const file = join(folder.path, 'journal.sqlite');
    await writeFile(file, 'not a database, but long enough to have a header of one hundred bytes'.repeat(3));
    await expect(openSqliteJournal(file)).rejects.toMatchObject({ code: 'journal_corrupt' });

    const later = join(folder.path, 'later.sqlite');
    using database = new DatabaseSync(later);
    database.exec('PRAGMA user_version = 99');
    await expect(openSqliteJournal(later)).rejects.toMatchObject({
      code: 'journal_failed',
      message: expect.stringContaining('it has layout 99'),
    });
    await expect(openSqliteJournal(join(folder.path, 'no', 'such', 'folder'))).rejects.toMatchObject({
      code: 'journal_failed',
    });
  });

  it('fails every append after one that failed', async () => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 3);
    await using journal = await openSqliteJournal(file);
    using other = new DatabaseSync(file);
    other.exec(
      `CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`,
    );
    const [, , , fourth, fifth, sixth] = chain(6);
    if (fourth === undefined || fifth === undefined || sixth === undefined) throw new Error('six entries');
    const appends = [journal.append([fourth]), journal.append([fifth])];
    const failure = { code: 'journal_failed', message: expect.stringContaining('disk is full') };
    for (const append of appends) await expect(append).rejects.toMatchObject(failure);
    other.exec('DROP TRIGGER full');
    await expect(journal.append([sixth])).rejects.toMatchObject(failure);
    expect(journal.head.index).toBe(3);
    expect(await journal.read(2, { entries: 10, bytes: 1_000 })).toHaveLength(1);
  });
});

/** A closed journal with `count` entries; all of it lies in one file. */
async function writeJournal(folder: string, count: number): Promise<string> {
  const file = join(folder, 'journal.sqlite');
  await using journal = await openSqliteJournal(file);
  await journal.append(chain(count));
  return file;
}

async function openCopy(
  folder: string,
  bytes: Uint8Array,
): Promise<{ kind: 'opened'; users: number } | { kind: 'refused' }> {
  const copy = join(folder, 'copy');
  if (!existsSync(copy)) await mkdir(copy);
  const file = join(copy, 'journal.sqlite');
  await writeFile(file, bytes);
  try {
    await copyFile(join(folder, 'journal.sqlite.head'), `${file}.head`);
    await using journal = await openSqliteJournal(file);
    const state = await replayJournal(journal);
    return { kind: 'opened', users: state.users.size };
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^journal_(corrupt|failed)$/) });
    return { kind: 'refused' };
  }
}
