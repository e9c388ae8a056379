/** Backups of a tracker's journal, and back. Real files; where somebody is killed, real processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backUpJournal, restoreJournal } from '../src/backup.ts';
import type { JournalRecord } from '../src/entry.ts';
import { replayJournal } from '../src/replay.ts';
import { openSqliteJournal } from '../src/shell/sqlite-journal.ts';
import { encodeSnapshot } from '../src/snapshot.ts';
import { createTestFolder } from './helpers/folder.ts';
import { connectPeer, startTracker } from './helpers/peers.ts';
import { spawnTracker } from './helpers/spawn-tracker.ts';
import { chain } from './journal-contract.ts';

const network = createTcpNetwork();

describe('backUpJournal', () => {
  it('has all that was acknowledged before it, while a tracker of another process goes on writing', async () => {
    await using root = await createTestFolder();
    const dataDir = join(root.path, 'tracker');
    const to = join(root.path, 'backup.sqlite');
    await using tracker = await spawnTracker(dataDir);
    await using peer = await connectPeer({ network, address: tracker.address });
    await peer.signUp('alice');
    const writes = Array.from({ length: 400 }, (_, at) => peer.createGroup(`group-${at}`));
    const early = writes.slice(0, 100);
    await Promise.all(early);
    const report = await backUpJournal({ dataDir, to });
    await Promise.all(writes);
    await tracker.end('SIGKILL');

    expect(report.headIndex).toBeGreaterThanOrEqual(101);
    expect(report).toEqual({
      entries: report.headIndex,
      headIndex: report.headIndex,
      bytes: (await stat(to)).size,
    });
    const restored = join(root.path, 'restored');
    expect(await restoreJournal({ from: to, dataDir: restored })).toEqual(report);
    await using again = await startTracker({ network, dataDir: restored });
    expect(await again.stats()).toMatchObject({ mode: 'ready', users: 1, groups: report.headIndex - 2 });
  });

  it('is one small file for its owner alone, with the snapshot and without what was dropped', async () => {
    await using root = await createTestFolder();
    const dataDir = await writeJournal(root.path, { entries: 1_500, snapshot: 1_490, keepEntries: 5 });
    const to = join(root.path, 'backup.sqlite');
    const report = await backUpJournal({ dataDir, to });
    expect(report).toMatchObject({ entries: 15, headIndex: 1_500 });
    expect(report.bytes).toBeLessThan((await stat(join(dataDir, 'journal.sqlite'))).size / 2);
    expect((await stat(to)).mode & 0o077).toBe(0);
    expect((await readdir(root.path)).sort()).toEqual(['backup.sqlite', 'data']);
    await restoreJournal({ from: to, dataDir: join(root.path, 'restored') });
    expect(await contentOf(join(root.path, 'restored'))).toEqual(await contentOf(dataDir));
  });

  it('replaces nothing, and says so', async () => {
    await using root = await createTestFolder();
    const dataDir = await writeJournal(root.path, { entries: 3 });
    await root.write('taken', 'dear');
    const to = join(root.path, 'taken');
    await expect(backUpJournal({ dataDir, to })).rejects.toMatchObject({
      code: 'target_exists',
      message: expect.stringContaining('choose another name'),
    });
    expect(await readFile(to, 'utf8')).toBe('dear');
    // The name is free when both begin.
    const race = join(root.path, 'race');
    const outcomes = await Promise.allSettled([1, 2].map(() => backUpJournal({ dataDir, to: race })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await readdir(root.path)).sort()).toEqual(['data', 'race', 'taken']);
  });

  it('fails, and leaves nothing, where there is no journal or a damaged one', async () => {
    await using root = await createTestFolder();
    const to = join(root.path, 'backup.sqlite');
    await expect(backUpJournal({ dataDir: root.path, to })).rejects.toMatchObject({
      code: 'journal_failed',
      message: expect.stringContaining('There is no journal at'),
    });
    const dataDir = await writeJournal(root.path, { entries: 9 });
    const file = join(dataDir, 'journal.sqlite');
    damage(file);
    await expect(backUpJournal({ dataDir, to })).rejects.toMatchObject({ code: 'journal_corrupt' });
    await writeFile(file, 'not a database, but long enough to have a header of one hundred bytes'.repeat(3));
    await expect(backUpJournal({ dataDir, to })).rejects.toMatchObject({ code: 'journal_corrupt' });
    await writeFile(file, '');
    await expect(backUpJournal({ dataDir, to })).rejects.toMatchObject({ code: 'journal_failed' });
    await expect(
      backUpJournal({ dataDir, to: join(root.path, 'no', 'such', 'folder') }),
    ).rejects.toMatchObject({
      code: 'journal_failed',
    });
    expect(await readdir(root.path)).toEqual(['data']);
  });
});

describe('restoreJournal', () => {
  it('makes a store of its own, which notices from the start when its end is lost', async () => {
    await using root = await createTestFolder();
    const from = await writeBackup(root.path, 9);
    const ids = new Set<string>([await storeIdOf(join(root.path, 'data'))]);
    for (const name of ['one', 'two']) {
      const dataDir = join(root.path, name);
      expect(await restoreJournal({ from, dataDir })).toMatchObject({ entries: 9, headIndex: 9 });
      ids.add(await storeIdOf(dataDir));
      expect(await contentOf(dataDir)).toEqual(await contentOf(join(root.path, 'data')));
    }
    expect(ids.size).toBe(3);
    const file = join(root.path, 'one', 'journal.sqlite');
    {
      using database = new DatabaseSync(file);
      database.exec('DELETE FROM entries WHERE "index" = 9');
    }
    await expect(openSqliteJournal(file)).rejects.toMatchObject({
      code: 'journal_corrupt',
      message: expect.stringContaining('entry 9 was acknowledged'),
    });
  });

  it('restores nothing, or what was backed up, however the backup is damaged', async () => {
    await using root = await createTestFolder();
    const from = await writeBackup(root.path, 12);
    const whole = await readFile(from);
    const expected = await contentOf(join(root.path, 'data'));
    const flips = fc.nat(whole.length * 8 - 1).map((bit) => {
      const bytes = Uint8Array.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return bytes;
    });
    const cuts = fc.nat(whole.length - 1).map((length) => Uint8Array.from(whole.subarray(0, length)));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(flips, cuts), async (bytes) => {
        await using target = await createTestFolder();
        const damaged = join(target.path, 'damaged');
        await writeFile(damaged, bytes);
        const dataDir = join(target.path, 'a', 'b');
        try {
          await restoreJournal({ from: damaged, dataDir });
        } catch (error) {
          refused += 1;
          expect(error).toMatchObject({ code: expect.stringMatching(/^journal_(corrupt|failed)$/) });
          expect(await readdir(target.path)).toEqual(['damaged']);
          return;
        }
        expect(await contentOf(dataDir)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
    expect(refused).toBeGreaterThan(10);
  });

  it('refuses a folder with entries, and leaves it as it was', async () => {
    await using root = await createTestFolder();
    const from = await writeBackup(root.path, 9);
    for (const { name, snapshot } of [{ name: 'entries' }, { name: 'snapshot', snapshot: 3 }]) {
      const dataDir = await writeJournal(root.path, {
        name,
        entries: 3,
        ...(snapshot === undefined ? {} : { snapshot }),
      });
      const before = await contentOf(dataDir);
      await expect(restoreJournal({ from, dataDir })).rejects.toMatchObject({
        code: 'target_exists',
        message: expect.stringContaining('it holds a journal of 3 entries; move that folder away'),
      });
      expect(await contentOf(dataDir)).toEqual(before);
    }
    const dataDir = join(root.path, 'entries');
    await writeFile(join(dataDir, 'journal.sqlite'), 'somebody may still repair this'.repeat(10));
    await expect(restoreJournal({ from, dataDir })).rejects.toMatchObject({ code: 'target_exists' });
  });

  it('takes the place of a journal that never had an entry', async () => {
    await using root = await createTestFolder();
    const from = await writeBackup(root.path, 9);
    const dataDir = join(root.path, 'used');
    await (await startTracker({ network, dataDir })).close();
    const before = await storeIdOf(dataDir);
    await restoreJournal({ from, dataDir });
    expect((await contentOf(dataDir)).users).toHaveLength(9);
    expect(await storeIdOf(dataDir)).not.toBe(before);
    // A start that was killed before it made its tables.
    await root.write('data-killed', '');
    const killed = join(root.path, 'killed');
    await restoreJournal({ from, dataDir: killed });
    await copyFile(join(root.path, 'data-killed'), join(killed, 'journal.sqlite'));
    await restoreJournal({ from, dataDir: killed });
    expect((await contentOf(killed)).users).toHaveLength(9);
  });

  it('refuses a folder that a tracker uses, or that belongs to a cluster', async () => {
    await using root = await createTestFolder();
    const from = await writeBackup(root.path, 9);
    const dataDir = join(root.path, 'used');
    {
      await using _ = await startTracker({ network, dataDir });
      await expect(restoreJournal({ from, dataDir })).rejects.toMatchObject({ code: 'locked' });
    }
    const note = { version: 1, clusterId: '0'.repeat(32), isMember: true };
    await writeFile(join(dataDir, 'cluster.json'), JSON.stringify(note));
    await expect(restoreJournal({ from, dataDir })).rejects.toMatchObject({ code: 'wrong_cluster' });
  });

  it('refuses what is no backup, and names it', async () => {
    await using root = await createTestFolder();
    await root.write('empty', '');
    await root.write('text', 'a letter to somebody'.repeat(50));
    using other = new DatabaseSync(join(root.path, 'other'));
    other.exec('CREATE TABLE t (a)');
    using later = new DatabaseSync(join(root.path, 'later'));
    later.exec('PRAGMA user_version = 99');
    for (const name of ['missing', 'empty', 'text', 'other', 'later']) {
      const from = join(root.path, name);
      await expect(restoreJournal({ from, dataDir: join(root.path, 'data') })).rejects.toMatchObject({
        code: expect.stringMatching(/^journal_(corrupt|failed)$/),
        message: expect.stringContaining(`Cannot restore ${from}: `),
      });
    }
    expect(existsSync(join(root.path, 'data'))).toBe(false);
  });

  it('also takes a journal as a killed tracker left it, with what is still in its log', async () => {
    await using root = await createTestFolder();
    const dataDir = join(root.path, 'killed');
    const tracker = await spawnTracker(dataDir);
    await using peer = await connectPeer({ network, address: tracker.address });
    await peer.signUp('alice');
    await tracker.end('SIGKILL');
    expect((await stat(join(dataDir, 'journal.sqlite-wal'))).size).toBeGreaterThan(0);
    await restoreJournal({ from: join(dataDir, 'journal.sqlite'), dataDir: join(root.path, 'restored') });
    expect((await contentOf(join(root.path, 'restored'))).users).toEqual(['alice']);
  });

  it('leaves no journal or the whole one, wherever it is killed, and then works', async () => {
    await using root = await createTestFolder();
    const from = await writeBackup(root.path, 9);
    const outcomes: number[] = [];
    for (let step = 1; ; step += 1) {
      const dataDir = await writeJournal(root.path, { name: `killed-${step}`, entries: 0 });
      const isKilled = await restoreAndKill({ from, dataDir, step });
      const { users } = await contentOf(dataDir);
      if (!isKilled) {
        expect(users).toHaveLength(9);
        break;
      }
      outcomes.push(users.length);
      if (users.length === 0) await restoreJournal({ from, dataDir });
      expect((await contentOf(dataDir)).users).toHaveLength(9);
      expect((await readdir(dataDir)).filter((name) => name.includes('restoring'))).toEqual([]);
    }
    expect(outcomes.length).toBeGreaterThan(5);
    // Nothing until it has its name, and then all of it.
    expect(outcomes).toEqual([...outcomes].sort());
    expect(new Set(outcomes)).toEqual(new Set([0, 9]));
  });
});

/** Restores in a process of its own that is killed before that step; false when it came to its end before. */
async function restoreAndKill(plan: { from: string; dataDir: string; step: number }): Promise<boolean> {
  const script = new URL('./helpers/restore-child.ts', import.meta.url).pathname;
  const parameters = ['--conditions=@minitorrent/source', script, plan.from, plan.dataDir, String(plan.step)];
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code, signal] = await once(child, 'exit');
  if (signal === 'SIGKILL') return true;
  expect(code).toBe(0);
  return false;
}

interface JournalPlan {
  readonly name?: string;
  readonly entries: number;
  readonly snapshot?: number;
  readonly keepEntries?: number;
}

/** A data folder with a journal; answers its path. */
async function writeJournal(root: string, plan: JournalPlan): Promise<string> {
  const dataDir = join(root, plan.name ?? 'data');
  await mkdir(dataDir);
  await using journal = await openSqliteJournal(join(dataDir, 'journal.sqlite'));
  await journal.append(chain(plan.entries));
  if (plan.snapshot !== undefined) {
    const { keepEntries = 0 } = plan;
    await journal.writeSnapshot(encodeSnapshot(await replayJournal(journal, plan.snapshot)), { keepEntries });
  }
  return dataDir;
}

/** A backup of a journal with a snapshot in its middle; answers its path. */
async function writeBackup(root: string, entries: number): Promise<string> {
  const dataDir = await writeJournal(root, { entries, snapshot: entries >> 1, keepEntries: entries });
  const to = join(root, 'backup.sqlite');
  await backUpJournal({ dataDir, to });
  return to;
}

async function contentOf(
  dataDir: string,
): Promise<{ readonly users: readonly string[]; readonly kept: readonly JournalRecord[] }> {
  await using journal = await openSqliteJournal(join(dataDir, 'journal.sqlite'));
  const { users } = await replayJournal(journal);
  return {
    users: [...users.keys()],
    kept: await journal.read(journal.base, { entries: 100, bytes: 100_000 }),
  };
}

async function storeIdOf(dataDir: string): Promise<string> {
  await using journal = await openSqliteJournal(join(dataDir, 'journal.sqlite'));
  return Buffer.from(journal.storeId).toString('hex');
}

/** Changes a byte of an entry, as a failing disk would. */
function damage(file: string): void {
  using database = new DatabaseSync(file);
  database.exec(
    `UPDATE entries SET bytes = CAST(replace(bytes, 'user-5', 'user-6') AS BLOB) WHERE "index" = 5`,
  );
}
