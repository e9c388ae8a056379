/** PostgreSQL stays away for longer than a moment. The server is real; the time that passes meanwhile is not. */
import type { Clock } from '@minitorrent/rpc-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createUser } from '../src/commands/accounts.ts';
import type { Command } from '../src/commands/command.ts';
import { type Ledger, openLedger } from '../src/ledger.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { openPostgresJournal } from '../src/postgres.ts';
import { describePostgres, type PostgresServer, startPostgres } from './helpers/postgres.ts';
import { createTestRandom } from './helpers/random.ts';

describePostgres('a ledger whose PostgreSQL is away', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it('waits a minute for it, and then carries out what it was asked meanwhile', async () => {
    const clock = createPauseClock();
    await using ledger = await open(await server.createDatabase(), clock);
    await ledger.execute(user('alice'));
    await server.stop();
    const sinceMs = clock.now();
    clock.in(60_000, () => server.start());
    await Promise.all(['bob', 'carol'].map((name) => ledger.execute(user(name))));
    expect(clock.now() - sinceMs).toBeGreaterThanOrEqual(60_000);
    await expectUsers(ledger, ['alice', 'bob', 'carol']);
  });

  it('refuses what it was asked after a minute and a half, says why, and goes on when it is back', async () => {
    const clock = createPauseClock();
    await using ledger = await open(await server.createDatabase(), clock);
    await ledger.execute(user('alice'));
    await server.stop();
    const sinceMs = clock.now();
    clock.in(200_000, () => server.start());
    for (const patience of [90_000, 180_000]) {
      await expect(ledger.execute(user('bob'))).rejects.toMatchObject({
        code: 'read_only',
        message: expect.stringContaining('try again in a moment'),
      });
      expect(clock.now() - sinceMs).toBeGreaterThanOrEqual(patience);
    }
    expect(ledger.mode).toBe('ready');
    // The 200 s end in this one.
    await ledger.execute(user('bob'));
    expect(clock.now() - sinceMs).toBeGreaterThanOrEqual(200_000);
    await expectUsers(ledger, ['alice', 'bob']);
  });
});

async function expectUsers(ledger: Ledger, names: readonly string[]): Promise<void> {
  expect((await ledger.read((state) => [...state.users.keys()])).toSorted()).toEqual(names);
  expect(ledger).toMatchObject({ mode: 'ready', durableIndex: names.length, pendingWrites: 0 });
}

async function open(url: string, clock: Clock): Promise<Ledger> {
  const journal = await openPostgresJournal({ url, clock, limits: { pollMs: Number.POSITIVE_INFINITY } });
  return openLedger({ journal, random: createTestRandom(), limits: DEFAULT_LIMITS });
}

function user(userId: string): Command {
  return createUser({ userId, passwordHash: 'hash', atMs: 1 });
}

interface PauseClock extends Clock {
  /** Runs `task` when that much more time has passed; nothing else happens until it is done. */
  in(delayMs: number, task: () => Promise<void>): void;
}

/** Longer than any pause between two tries, shorter than any deadline. */
const NOT_A_PAUSE_MS = 5_000;

/** Time that passes only by pauses between tries, at once. Deadlines never come: what is real takes its own time. */
function createPauseClock(): PauseClock {
  let now = 0;
  let event: { readonly timeMs: number; readonly task: () => Promise<void> } | undefined;
  let held: Promise<void> = Promise.resolve();
  return {
    now: () => now,
    wallNow: () => now,
    in: (delayMs, task) => {
      event = { timeMs: now + delayMs, task };
    },
    schedule: (delayMs, task) => {
      if (delayMs > NOT_A_PAUSE_MS) return () => {};
      now += delayMs;
      if (event !== undefined && now >= event.timeMs) {
        held = event.task();
        event = undefined;
      }
      let isCancelled = false;
      void held.then(() => {
        if (!isCancelled) task();
      });
      return () => {
        isCancelled = true;
      };
    },
  };
}
