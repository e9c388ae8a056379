import { createManualClock } from '@minitorrent/rpc-core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalRecord } from '../src/entry.ts';
import type { SharedJournal } from '../src/journal/journal.ts';
import { openPostgresJournal } from '../src/postgres.ts';
import { replayJournal } from '../src/replay.ts';
import { PostgresLink } from '../src/shell/postgres-link.ts';
import { resolvePostgresOptions } from '../src/shell/postgres-options.ts';
import { encodeSnapshot } from '../src/snapshot.ts';
import { describePostgres, type PostgresServer, startPostgres } from './helpers/postgres.ts';
import { createPostgresProxy } from './helpers/postgres-proxy.ts';
import { chain, journalContract } from './journal-contract.ts';

const ALL = { entries: 1_000, bytes: 1_000_000 };

describePostgres('PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  journalContract('openPostgresJournal', async () => {
    const url = await server.createDatabase();
    let journal: SharedJournal | undefined;
    return {
      open: async () => {
        await journal?.close();
        journal = await openPostgresJournal({ url });
        return journal;
      },
      [Symbol.asyncDispose]: async () => {
        await journal?.close();
      },
    };
  });

  describe('openPostgresJournal with other trackers', () => {
    it('refuses what does not follow what another one wrote, until it has its turn', async () => {
      const patient = { url: await server.createDatabase(), limits: { freshMs: 60_000 } };
      await using one = await openPostgresJournal(patient);
      await using two = await openPostgresJournal(patient);
      const [first, second, third] = records(3);
      await one.append([first]);
      const other = { ...first, position: { ...first.position, hash: new Uint8Array(32).fill(1) } };
      await expect(two.append([other])).rejects.toMatchObject({ code: 'diverged' });
      await expect(two.append([second])).rejects.toMatchObject({ code: 'diverged' });
      await two.takeTurn();
      expect(two.head).toEqual(first.position);
      await two.append([second]);
      await one.refresh();
      expect(one.head).toEqual(second.position);
      await expect(one.append([third])).rejects.toMatchObject({ code: 'diverged' });
      await one.takeTurn();
      await one.append([third]);
      // A notification may or may not have told `two` of the third by now: it reads up to what it knows.
      const known = two.head.index;
      expect(await two.read(0, ALL)).toEqual(records(3).slice(0, known));
      await two.refresh();
      expect(await two.read(0, ALL)).toEqual(records(3));
    });

    it('keeps one history when all append at once without waiting for their turn', async () => {
      const url = await server.createDatabase();
      const journals = await Promise.all(Array.from({ length: 5 }, () => openPostgresJournal({ url })));
      await using _ = closing(journals);
      const [first] = records(1);
      const rivals = journals.map((_journal, at) => ({
        ...first,
        position: { ...first.position, hash: new Uint8Array(32).fill(at + 1) },
      }));
      const outcomes = await Promise.allSettled(
        journals.map((journal, at) => journal.append(rivals.slice(at, at + 1))),
      );
      const winners = outcomes.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
      expect(winners).toHaveLength(1);
      for (const journal of journals) {
        await journal.refresh();
        expect(journal.head).toEqual(rivals[winners[0] ?? 0]?.position);
      }
    });

    it('lets one append at a time when they take turns', async () => {
      const url = await server.createDatabase();
      await using one = await openPostgresJournal({ url });
      await using two = await openPostgresJournal({ url });
      const [first, second] = records(2);
      await one.takeTurn();
      let isTwosTurn = false;
      const turn = two.takeTurn().then(() => {
        isTwosTurn = true;
      });
      await one.append([first]);
      // The answer that tells of the append, and the lock, come one after the other.
      await turn;
      expect(isTwosTurn).toBe(true);
      expect(two.head).toEqual(first.position);
      await two.append([second]);
      await one.takeTurn();
      await one.append([]);
      await two.takeTurn();
      await two.append([]);
    });

    it('loses its turn when it does nothing with it', async () => {
      const url = await server.createDatabase();
      await using one = await openPostgresJournal({ url, limits: { turnMs: 20 } });
      await using two = await openPostgresJournal({ url });
      const [first, second] = records(2);
      await one.takeTurn();
      await two.takeTurn();
      await two.append([first]);
      const other = { ...first, position: { ...first.position, hash: new Uint8Array(32).fill(1) } };
      await expect(one.append([other])).rejects.toMatchObject({ code: 'diverged' });
      await one.takeTurn();
      expect(one.head).toEqual(first.position);
      await one.append([second]);
    });

    it('learns of what they wrote from a notification, and without one from a poll', async () => {
      const url = await server.createDatabase();
      const clock = createManualClock();
      await using one = await openPostgresJournal({ url, clock });
      await using two = await openPostgresJournal({ url });
      await one.refresh();
      const notified = moved(one);
      await two.append(records(1));
      await notified;
      expect(one.head.index).toBe(1);

      const [, second] = records(2);
      await server.query(url, silentAppend(second));
      const polled = moved(one);
      await clock.advanceAsync(500);
      await polled;
      expect(one.head).toEqual(second.position);
    });

    it('goes on from the snapshot that another one wrote, and keeps the later of two', async () => {
      const url = await server.createDatabase();
      await using one = await openPostgresJournal({ url });
      await using two = await openPostgresJournal({ url });
      const all = records(6);
      await one.append(all);
      await two.refresh();
      const states = [await replayJournal(one, 5), await replayJournal(one, 3)].map(encodeSnapshot);
      const [late, early] = states;
      if (late === undefined || early === undefined) throw new Error('two snapshots');
      await one.writeSnapshot(late);
      await two.writeSnapshot(early);
      await expect(two.read(4, ALL)).rejects.toThrow('entries up to 5 were dropped');
      expect(two.base).toBe(5);
      expect((await two.readSnapshot())?.position.index).toBe(5);
      expect((await replayJournal(two)).users.size).toBe(6);
    });

    it('refuses a snapshot of another history', async () => {
      const url = await server.createDatabase();
      await using journal = await openPostgresJournal({ url });
      const [first] = records(1);
      await journal.append([first]);
      const position = { ...first.position, hash: new Uint8Array(32).fill(1) };
      const wrong = journal.writeSnapshot({ position, bytes: new Uint8Array(5) });
      await expect(wrong).rejects.toMatchObject({ code: 'journal_corrupt' });
      expect(await journal.read(0, ALL)).toEqual([first]);
      expect(await journal.readSnapshot()).toBeUndefined();
    });
  });

  describe('openPostgresJournal when the connection fails', () => {
    it('keeps an append once when its answer is lost', async () => {
      const url = await server.createDatabase();
      await using proxy = await createPostgresProxy(url);
      await using journal = await openPostgresJournal({ url: proxy.url, limits: { firstRetryMs: 1 } });
      const all = records(9);
      proxy.loseAnswerTo('INSERT INTO');
      await journal.append(all.slice(0, 3));
      proxy.loseAnswerTo('COMMIT');
      await journal.takeTurn();
      await journal.append(all.slice(3, 6));
      proxy.loseAnswerTo('FOR UPDATE');
      await journal.takeTurn();
      await journal.append(all.slice(6));
      expect(proxy.lost).toBe(3);
      expect(await journal.read(0, ALL)).toEqual(all);
    });

    it('comes back from connections that are cut and that fall silent', async () => {
      const url = await server.createDatabase();
      await using proxy = await createPostgresProxy(url);
      const limits = { firstRetryMs: 1, statementMs: 100 };
      await using journal = await openPostgresJournal({ url: proxy.url, limits });
      const [first, second, third] = records(3);
      await journal.append([first]);
      proxy.cut();
      await journal.append([second]);
      proxy.silence();
      const appended = journal.append([third]);
      await new Promise((resolve) => setImmediate(resolve));
      proxy.heal();
      await appended;
      await journal.refresh();
      expect(await journal.read(0, ALL)).toEqual(records(3));
    });

    it.each(['SIGINT', 'SIGKILL'] as const)('loses nothing when PostgreSQL ends by %s', async (signal) => {
      const url = await server.createDatabase();
      await using journal = await openPostgresJournal({ url, limits: { firstRetryMs: 1 } });
      const all = records(60);
      await journal.append(all.slice(0, 20));
      const appended = Promise.all(all.slice(20, 40).map((record) => journal.append([record])));
      const stopped = server.stop(signal);
      const late = all.slice(40).map((record) => journal.append([record]));
      await stopped;
      await server.start();
      await appended;
      await Promise.all(late);
      expect(await journal.read(0, ALL)).toEqual(all);
    });

    it('gives up after its patience, and takes appends again with the next turn', async () => {
      const url = await server.createDatabase();
      const limits = { firstRetryMs: 1, patienceMs: 20, freshMs: 20 };
      await using journal = await openPostgresJournal({ url, limits });
      const [first, second] = records(2);
      await journal.append([first]);
      await server.stop();
      await expect(journal.append([second])).rejects.toMatchObject({ code: 'journal_failed' });
      await expect(journal.append([second])).rejects.toMatchObject({ code: 'journal_failed' });
      await expect(journal.takeTurn()).rejects.toMatchObject({ code: 'journal_failed' });
      await expect(journal.read(0, ALL)).rejects.toMatchObject({ code: 'journal_failed' });
      expect(await journal.refresh()).toBe(false);
      expect(journal.head).toEqual(first.position);
      await server.start();
      await journal.takeTurn();
      await journal.append([second]);
      expect(journal.head).toEqual(second.position);
      while (!(await journal.refresh())) await new Promise((resolve) => setImmediate(resolve));
    });

    it('closes while PostgreSQL is away', async () => {
      const url = await server.createDatabase();
      const journal = await openPostgresJournal({ url });
      await server.stop();
      const appended = expect(journal.append(records(1))).rejects.toMatchObject({ code: 'journal_failed' });
      await journal.close();
      await appended;
      await server.start();
    });
  });

  describe('openPostgresJournal on a database that is not as it should be', () => {
    it('names the entry whose bytes were changed', async () => {
      const url = await server.createDatabase();
      await using journal = await openPostgresJournal({ url });
      await journal.append(records(9));
      await server.query(
        url,
        `UPDATE minitorrent.entries SET bytes = set_bit(bytes, 200, 1 - get_bit(bytes, 200)) WHERE "index" = 5`,
      );
      await expect(replayJournal(journal)).rejects.toMatchObject({
        code: 'journal_corrupt',
        message: expect.stringMatching(/^Cannot use journal entry 5: /),
      });
    });

    it.each([
      ['middle', 5, '"index" = 5'],
      ['end', 9, '"index" = 9'],
    ])('notices an entry that is gone from the %s', async (_, index, where) => {
      const url = await server.createDatabase();
      await using journal = await openPostgresJournal({ url });
      await journal.append(records(9));
      await server.query(url, `DELETE FROM minitorrent.entries WHERE ${where}`);
      await expect(replayJournal(journal)).rejects.toMatchObject({
        code: 'journal_corrupt',
        message: expect.stringContaining(`Cannot use journal entry ${index}: `),
      });
    });

    it('notices that PostgreSQL went back behind what was acknowledged', async () => {
      const url = await server.createDatabase();
      await using journal = await openPostgresJournal({ url });
      const [first, second, third] = records(3);
      await journal.append([first, second]);
      await server.query(
        url,
        `UPDATE minitorrent.head SET ("index", epoch, hash) = (SELECT "index", epoch, hash FROM minitorrent.entries WHERE "index" = 1);
         DELETE FROM minitorrent.entries WHERE "index" = 2`,
      );
      await expect(journal.takeTurn()).rejects.toMatchObject({
        code: 'journal_corrupt',
        message: expect.stringContaining('was acknowledged, but PostgreSQL has only 1'),
      });
      await expect(journal.refresh()).rejects.toMatchObject({ code: 'journal_corrupt' });
      await expect(journal.append([third])).rejects.toMatchObject({ code: 'journal_corrupt' });
    });

    it('appends to no other history than its own', async () => {
      const url = await server.createDatabase();
      await using journal = await openPostgresJournal({ url });
      const [first, second] = records(2);
      await journal.append([first]);
      await server.query(url, `UPDATE minitorrent.head SET hash = set_bit(hash, 0, 1 - get_bit(hash, 0))`);
      await expect(journal.append([second])).rejects.toMatchObject({ code: 'diverged' });
      await expect(journal.takeTurn()).rejects.toMatchObject({
        code: 'journal_corrupt',
        message: expect.stringContaining('PostgreSQL has another entry now'),
      });
      expect(await server.query(url, 'SELECT count(*)::int AS entries FROM minitorrent.entries')).toEqual([
        { entries: 1 },
      ]);
    });

    it('refuses one of a later version, and tells which', async () => {
      const url = await server.createDatabase();
      await (await openPostgresJournal({ url })).close();
      await server.query(url, 'INSERT INTO minitorrent.layout VALUES (99)');
      await expect(openPostgresJournal({ url })).rejects.toMatchObject({
        code: 'journal_failed',
        message: expect.stringContaining('it has layout 99'),
      });
    });

    it('makes its tables once when many trackers start together, and in more than one schema', async () => {
      const url = await server.createDatabase();
      const journals = await Promise.all(
        Array.from({ length: 6 }, (_, at) => openPostgresJournal({ url, schema: `pair_${at % 2}` })),
      );
      await using _ = closing(journals);
      const ids = new Set(journals.map(({ storeId }) => Buffer.from(storeId).toString('hex')));
      expect(ids.size).toBe(2);
      await journals[0]?.append(records(2));
      await Promise.all(journals.map((journal) => journal.refresh()));
      expect(journals.map(({ head }) => head.index)).toEqual([2, 0, 2, 0, 2, 0]);
      await expect(openPostgresJournal({ url, schema: 'x; DROP TABLE y' })).rejects.toThrow(RangeError);
    });

    it('works for a role that may only use the tables', async () => {
      const url = await server.createDatabase();
      await (await openPostgresJournal({ url })).close();
      await server.query(
        url,
        `CREATE ROLE plain LOGIN; GRANT USAGE ON SCHEMA minitorrent TO plain;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA minitorrent TO plain`,
      );
      await using journal = await openPostgresJournal({ url: url.replace('tests@', 'plain@') });
      await journal.append(records(2));
      const position = records(1)[0].position;
      await journal.writeSnapshot({ position, bytes: new Uint8Array(1) });
    });

    it('waits for the disk, even for a role that does not', async () => {
      const url = await server.createDatabase();
      await server.query(url, 'CREATE ROLE hasty LOGIN; ALTER ROLE hasty SET synchronous_commit = off');
      const hasty = url.replace('tests@', 'hasty@');
      expect(await server.query(hasty, 'SHOW synchronous_commit')).toEqual([{ synchronous_commit: 'off' }]);
      await using link = new PostgresLink(resolvePostgresOptions({ url: hasty }));
      const { rows } = await link.run((client) => client.query('SHOW synchronous_commit'));
      expect(rows).toEqual([{ synchronous_commit: 'on' }]);
    });

    it('says what is wrong with an address, without the password', async () => {
      const url = await server.createDatabase();
      const secret = url.replace('tests@', 'tests:secret@').replace(/test_\d+/, 'nowhere');
      const error: unknown = await openPostgresJournal({ url: secret }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'journal_failed',
        message: expect.stringContaining('database "nowhere" does not exist'),
      });
      expect(String(error)).not.toContain('secret');
    });

    it('refuses a PostgreSQL that does not write to the disk', async () => {
      await using careless = await startPostgres('fsync=off');
      const url = await careless.createDatabase();
      await expect(openPostgresJournal({ url })).rejects.toMatchObject({
        code: 'journal_failed',
        message: expect.stringContaining('turn fsync on'),
      });
    });
  });
});

/** The first entries of the journal that is the same each time. */
function records(count: 1): readonly [JournalRecord];
function records(count: 2): readonly [JournalRecord, JournalRecord];
function records(count: 3): readonly [JournalRecord, JournalRecord, JournalRecord];
function records(count: number): readonly JournalRecord[];
function records(count: number): readonly JournalRecord[] {
  return chain(count);
}

/** Resolves when the head has moved. */
function moved(journal: SharedJournal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unwatch = journal.watch(resolve);
  return promise.then(unwatch);
}

function closing(journals: readonly SharedJournal[]): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(journals.map((journal) => journal.close()));
    },
  };
}

/** As another tracker appends, but for the notification. */
function silentAppend({ position, bytes }: JournalRecord): string {
  const hex = (value: Uint8Array): string => `'\\x${Buffer.from(value).toString('hex')}'`;
  const { index, epoch, hash } = position;
  return `INSERT INTO minitorrent.entries VALUES (${index}, ${epoch}, ${hex(hash)}, ${hex(bytes)});
    UPDATE minitorrent.head SET "index" = ${index}, epoch = ${epoch}, hash = ${hex(hash)}`;
}
