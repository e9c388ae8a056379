import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genesis, type JournalRecord } from '../src/entry.ts';
import type { Journal, JournalSnapshot } from '../src/journal/journal.ts';
import { createMemoryJournal } from '../src/journal/memory-journal.ts';
import { replayJournal } from '../src/replay.ts';
import { openSqliteJournal } from '../src/shell/sqlite-journal.ts';
import { encodeSnapshot } from '../src/snapshot.ts';
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
  it.each([
    ['entries', undefined],
    ['a snapshot and entries on both sides of it', 3],
  ])('detects any flipped bit of %s, or has everything as it was', async (_, keepEntries) => {
    await using folder = await createTestFolder();
    const whole = await writeJournal(folder.path, 12);
    if (keepEntries !== undefined) await writeSnapshot(whole, 7, keepEntries);
    const expected = await contentOf(whole);
    const bytes = await readFile(whole);
    let detected = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const flipped = Uint8Array.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const content = await openCopy(folder.path, flipped);
        if (content === undefined) detected += 1;
        else expect(content).toEqual(expected);
      }),
      { numRuns: 40 },
    );
    expect(detected).toBeGreaterThan(0);
  });

  it.each(['snapshot_parts', 'entries'])('notices every flipped bit in the bytes of %s', async (table) => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 12);
    await writeSnapshot(file, 7, 3);
    const cells = cellsOf(file, table);
    expect(cells.length).toBe(table === 'entries' ? 8 : 1);
    const flips = cells.flatMap(({ rowid, length }) =>
      [0, length >> 1, length - 1].map((at) => ({ rowid, at })),
    );
    for (const { rowid, at } of flips) {
      flipByte(file, { table, rowid, at });
      await expect(contentOf(file)).rejects.toMatchObject({ code: 'journal_corrupt' });
      flipByte(file, { table, rowid, at });
    }
    expect((await contentOf(file)).users).toHaveLength(12);
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

  it.each([
    ['the middle', 5, undefined],
    ['what is kept before a snapshot', 5, 7],
    ['behind a snapshot', 8, 7],
    ['under a snapshot', 7, 7],
  ])('notices an entry that is gone from %s', async (_, index, snapshot) => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 9);
    if (snapshot !== undefined) await writeSnapshot(file, snapshot, 4);
    using database = new DatabaseSync(file);
    database.exec(`DELETE FROM entries WHERE "index" = ${index}`);
    await using journal = await openSqliteJournal(file);
    await expect(replayJournal(journal)).rejects.toMatchObject({ code: 'journal_corrupt' });
  });

  it('notices a snapshot of which a part is gone', async () => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 9);
    await writeSnapshot(file, 7, 4);
    using database = new DatabaseSync(file);
    database.exec('DELETE FROM snapshot_parts');
    await expect(contentOf(file)).rejects.toMatchObject({ code: 'journal_corrupt' });
  });

  it.each([undefined, 4])(
    'leaves nothing of a snapshot that is given up, with the one before at %s',
    async (before) => {
      await using folder = await createTestFolder();
      const file = await writeJournal(folder.path, 9);
      if (before !== undefined) await writeSnapshot(file, before, 0);
      const { users } = await contentOf(file);
      const kept = numbersOf(file).length;
      {
        await using journal = await openSqliteJournal(file);
        const stop = new AbortController();
        const position = chain(8).at(-1)?.position ?? genesis;
        const bytes = new Uint8Array(30_000_000);
        const writing = journal.writeSnapshot({ position, bytes }, { signal: stop.signal });
        const aborted = expect(writing).rejects.toThrow('aborted');
        const late = chain(60).slice(9);
        while (numbersOf(file).length === kept) await journal.append(late.splice(0, 1));
        stop.abort();
        await aborted;
      }
      expect(numbersOf(file)).toHaveLength(kept);
      expect((await contentOf(file)).users).toEqual(expect.arrayContaining([...users]));
    },
  );

  it('drops what a crash left of a snapshot when the next one is written', async () => {
    await using folder = await createTestFolder();
    const file = await writeJournal(folder.path, 9);
    {
      using database = new DatabaseSync(file);
      for (const number of [1, 2]) {
        for (const part of [0, 1])
          database.exec(`INSERT INTO snapshot_parts VALUES (${number}, ${part}, x'00')`);
      }
    }
    await writeSnapshot(file, 9, 0);
    expect(numbersOf(file)).toEqual([3]);
    expect((await contentOf(file)).users).toHaveLength(9);
  });

  it('writes no more of a snapshot once it is closed', async () => {
    await using folder = await createTestFolder();
    const journal = await openSqliteJournal(await writeJournal(folder.path, 9));
    const position = chain(9).at(-1)?.position ?? genesis;
    const writing = journal.writeSnapshot({ position, bytes: new Uint8Array(8_000_000) });
    const refused = expect(writing).rejects.toMatchObject({ code: 'closed' });
    await journal.append([]);
    await journal.close();
    await refused;
  });

  it.each([1, 2])('brings a file of layout %i up to date', async (layout) => {
    await using folder = await createTestFolder();
    const file = join(folder.path, 'journal.sqlite');
    const records = chain(9);
    const source = createMemoryJournal({ records: [...records], snapshot: undefined });
    writeOldFile(file, layout, {
      snapshot: encodeSnapshot(await replayJournal(source, 6)),
      records: records.slice(6),
    });
    {
      await using journal = await openSqliteJournal(file);
      expect([journal.base, journal.head]).toEqual([6, records[8]?.position]);
      expect(journal.storeId).toHaveLength(16);
      await journal.append(chain(10).slice(9));
    }
    await writeSnapshot(file, 8, 0);
    expect((await contentOf(file)).users).toHaveLength(10);
    expect(numbersOf(file)).toHaveLength(1);
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

/** Keeps the state after the entry at `index` as a snapshot. */
async function writeSnapshot(file: string, index: number, keepEntries: number): Promise<void> {
  await using journal = await openSqliteJournal(file);
  await journal.writeSnapshot(encodeSnapshot(await replayJournal(journal, index)), { keepEntries });
}

interface Content {
  readonly users: readonly string[];
  readonly kept: readonly JournalRecord[];
}

async function contentOf(file: string): Promise<Content> {
  await using journal = await openSqliteJournal(file);
  const { users } = await replayJournal(journal);
  return {
    users: [...users.keys()],
    kept: await journal.read(journal.base, { entries: 100, bytes: 100_000 }),
  };
}

/** What a journal of these bytes says; undefined where it is refused. */
async function openCopy(folder: string, bytes: Uint8Array): Promise<Content | undefined> {
  const copy = join(folder, 'copy');
  if (!existsSync(copy)) await mkdir(copy);
  const file = join(copy, 'journal.sqlite');
  await writeFile(file, bytes);
  try {
    await copyFile(join(folder, 'journal.sqlite.head'), `${file}.head`);
    return await contentOf(file);
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^journal_(corrupt|failed)$/) });
    return undefined;
  }
}

function cellsOf(
  file: string,
  table: string,
): readonly { readonly rowid: number; readonly length: number }[] {
  using database = new DatabaseSync(file);
  const rows = database.prepare(`SELECT rowid AS rowid, length(bytes) AS length FROM ${table}`).all();
  return rows.map(({ rowid, length }) => ({ rowid: Number(rowid), length: Number(length) }));
}

function flipByte(
  file: string,
  place: { readonly table: string; readonly rowid: number; readonly at: number },
): void {
  using database = new DatabaseSync(file);
  const { table, rowid, at } = place;
  const row = database.prepare(`SELECT bytes FROM ${table} WHERE rowid = ?`).get(rowid);
  // A BLOB of a STRICT table.
  const bytes = row?.bytes as Uint8Array;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  database.prepare(`UPDATE ${table} SET bytes = ? WHERE rowid = ?`).run(bytes, rowid);
}

/** The numbers of the snapshots of which there are parts. */
function numbersOf(file: string): readonly number[] {
  using database = new DatabaseSync(file);
  const rows = database.prepare('SELECT DISTINCT number FROM snapshot_parts').all();
  return rows.map(({ number }) => Number(number));
}

/** As the versions before this one wrote it. */
function writeOldFile(
  file: string,
  layout: number,
  { snapshot, records }: { readonly snapshot: JournalSnapshot; readonly records: readonly JournalRecord[] },
): void {
  using database = new DatabaseSync(file);
  const columns =
    '"index" INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, hash BLOB NOT NULL, bytes BLOB NOT NULL';
  database.exec(
    `CREATE TABLE entries (${columns}) STRICT; CREATE TABLE snapshot (${columns}) STRICT; PRAGMA user_version = ${layout};`,
  );
  if (layout > 1) {
    database.exec('CREATE TABLE store (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL) STRICT;');
    database.prepare('INSERT INTO store VALUES (1, ?)').run(new Uint8Array(16).fill(layout));
  }
  const insert = (table: string, { position, bytes }: JournalRecord): void => {
    database
      .prepare(`INSERT INTO ${table} VALUES (?, ?, ?, ?)`)
      .run(position.index, position.epoch, position.hash, bytes);
  };
  insert('snapshot', snapshot);
  for (const record of records) insert('entries', record);
}
