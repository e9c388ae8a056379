import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUser } from '../src/commands/accounts.ts';
import type { Command } from '../src/commands/command.ts';
import { TrackerError } from '../src/errors.ts';
import type { TrackerEvent } from '../src/events.ts';
import { type Ledger, openLedger } from '../src/ledger.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import type { TrackerState } from '../src/model.ts';
import { replayJournal } from '../src/replay.ts';
import { encodeSnapshot } from '../src/snapshot.ts';
import { actions, commandOf } from './helpers/actions.ts';
import { turn } from './helpers/fake-journal.ts';
import { createFakeSharedStorage, type FakeSharedJournal } from './helpers/fake-shared-journal.ts';
import { newRequestId } from './helpers/peers.ts';
import { createTestRandom } from './helpers/random.ts';

const users = (state: TrackerState): string[] => [...state.users.keys()];
const away = new TrackerError('journal_failed', 'nobody answers');

describe('ledgers of one shared journal', () => {
  it('decide each write after all that the others wrote', async () => {
    const [one, two] = await openPair();
    const outcomes = await Promise.allSettled(
      [one, two, one, two].map(({ ledger }) => ledger.execute(user('alice'))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await one.ledger.read(users)).toEqual(['alice']);
    expect(await two.ledger.read(users)).toEqual(['alice']);
    expect([one.ledger.durableIndex, two.ledger.durableIndex]).toEqual([1, 1]);
  });

  it('commit together what waits for the same turn', async () => {
    const [one] = await openPair();
    await Promise.all(['a', 'b', 'c'].map((name) => one.ledger.execute(user(name))));
    expect(one.journal.appends.map((records) => records.length)).toEqual([3]);
    expect(one.events.map(({ kind }) => kind)).toEqual(['user_created', 'user_created', 'user_created']);
  });

  it('decide again what lost its turn, and tell nothing of the first decision', async () => {
    const [one, two] = await openPair();
    one.journal.spoil = 'lose_turn';
    one.journal.beforeAppend = async () => {
      await two.ledger.execute(user('alice'));
    };
    const writes = ['alice', 'bob'].map((name) => one.ledger.execute(user(name)));
    await expect(writes[0]).rejects.toMatchObject({ code: 'user_exists' });
    await writes[1];
    expect(await one.ledger.read(users)).toEqual(['alice', 'bob']);
    expect(one.events).toHaveLength(2);
  });

  it('say unconfirmed when nobody knows, and give the first answer to the next try', async () => {
    const [one, two] = await openPair();
    for (const [spoil, name] of [
      ['lose_answer', 'alice'],
      ['fail', 'bob'],
    ] as const) {
      const requestId = newRequestId();
      one.journal.spoil = spoil;
      await expect(one.ledger.execute(user(name), { requestId })).rejects.toMatchObject({
        code: 'unconfirmed',
      });
      await one.ledger.execute(user(name), { requestId });
      await two.ledger.execute(user(name), { requestId });
    }
    expect(await one.ledger.read(users)).toEqual(['alice', 'bob']);
    expect(one.ledger.mode).toBe('ready');
    expect(one.events).toHaveLength(2);
  });

  it('read what is known, and refuse writes, while the journal is away', async () => {
    const [one, two] = await openPair();
    await one.ledger.execute(user('alice'));
    one.journal.away = away;
    await two.ledger.execute(user('bob'));
    expect(one.ledger.mayBeStale).toBe(false);
    expect(await one.ledger.read(users)).toEqual(['alice']);
    expect(one.ledger.mayBeStale).toBe(true);
    await expect(one.ledger.execute(user('carol'))).rejects.toMatchObject({ code: 'read_only', cause: away });
    expect(one.ledger.pendingWrites).toBe(0);
    one.journal.away = undefined;
    await one.ledger.execute(user('carol'));
    expect(await one.ledger.read(users)).toEqual(['alice', 'bob', 'carol']);
    expect(one.ledger.mayBeStale).toBe(false);
  });

  it('show nothing that may be lost, even while the journal is away', async () => {
    const [one] = await openPair();
    one.journal.spoil = 'fail';
    one.journal.beforeAppend = async () => {
      one.journal.away = away;
    };
    await expect(one.ledger.execute(user('alice'))).rejects.toMatchObject({ code: 'unconfirmed' });
    await expect(one.ledger.read(users)).rejects.toMatchObject({ code: 'journal_failed' });
    one.journal.away = undefined;
    expect(await one.ledger.read(users)).toEqual([]);
    expect(one.ledger.mode).toBe('ready');
  });

  it('tell of what others wrote without being asked', async () => {
    const [one, two] = await openPair();
    await one.ledger.execute(user('alice'));
    await two.journal.refresh();
    await one.ledger.execute(user('bob'));
    await turn();
    expect(two.events.length).toBeGreaterThan(0);
  });

  it('go on from a snapshot when the entries they lack are gone', async () => {
    const [one, two] = await openPair();
    two.journal.away = away;
    for (const name of ['a', 'b', 'c']) await one.ledger.execute(user(name));
    await one.ledger.compact({ pause: async () => undefined });
    await one.ledger.execute(user('d'));
    two.journal.away = undefined;
    expect(await two.ledger.read(users)).toEqual(['a', 'b', 'c', 'd']);
    await two.ledger.execute(user('e'));
    expect(await one.ledger.read(users)).toHaveLength(5);
  });

  it('survive a command that decides what cannot be', async () => {
    const [one] = await openPair();
    const broken: Command = {
      fingerprint: new Uint8Array(16),
      decide: () => ({ events: [{ kind: 'group_deleted', groupId: 'none' }], result: { kind: 'done' } }),
    };
    const writes = [user('alice'), broken, user('bob')].map((command) => one.ledger.execute(command));
    await expect(writes[1]).rejects.toThrow(TypeError);
    await Promise.all([writes[0], writes[2]]);
    expect(await one.ledger.read(users)).toEqual(['alice', 'bob']);
  });

  it('take no more writes than may wait', async () => {
    const { ledger, journal } = await openOne(createFakeSharedStorage(), { pendingWrites: 2 });
    const writes = ['a', 'b', 'c'].map((name) => ledger.execute(user(name)));
    expect(ledger.pendingWrites).toBe(2);
    await expect(writes[2]).rejects.toMatchObject({ code: 'busy' });
    await Promise.all(writes.slice(0, 2));
    expect(journal.appends).toHaveLength(1);
  });

  it('stop for good when the journal makes no sense', async () => {
    const storage = createFakeSharedStorage();
    const one = await openOne(storage);
    await one.ledger.execute(user('alice'));
    const rogue = storage();
    const position = { epoch: 1, index: 2, hash: new Uint8Array(32) };
    await rogue.append([{ position, bytes: new Uint8Array(3) }]);
    await expect(one.ledger.read(users)).rejects.toMatchObject({ code: 'journal_corrupt' });
    await expect(one.ledger.read(users)).rejects.toMatchObject({ code: 'journal_failed' });
    await expect(one.ledger.execute(user('bob'))).rejects.toMatchObject({ code: 'journal_failed' });
    expect(one.ledger.mode).toBe('failed');
    expect(one.failures).toHaveLength(1);
    await one.ledger.close();
  });

  it('have one history, told once and in order everywhere, whatever is lost on the way', async () => {
    const step = fc.record({
      at: fc.nat(2),
      isSpoiling: fc.constantFrom(undefined, undefined, 'lose_turn', 'lose_answer', 'fail'),
      isWaiting: fc.boolean(),
    } as const);
    await fc.assert(
      fc.asyncProperty(actions, fc.infiniteStream(step), async (todo, steps) => {
        const storage = createFakeSharedStorage();
        const trackers = [await openOne(storage), await openOne(storage), await openOne(storage)] as const;
        const running: Promise<void>[] = [];
        const created: string[] = [];
        for (const userId of ['alice', 'bob', 'carol', 'dave'])
          await trackers[0].ledger.execute(user(userId));
        for (const one of todo) {
          const action = one.kind === 'create_user' ? { ...one, userId: `new-${one.userId}` } : one;
          const { at, isSpoiling, isWaiting } = steps.next().value;
          const tracker = trackers[at] ?? trackers[0];
          tracker.journal.spoil = isSpoiling;
          const write = persist(tracker.ledger, commandOf(action, 1)).then((isDone) => {
            if (isDone && action.kind === 'create_user') created.push(action.userId);
          });
          running.push(write);
          if (isWaiting) await write;
        }
        await Promise.all(running);
        expect(new Set(created).size).toBe(created.length);
        const fresh = await replayJournal(storage());
        const records = await storage().read(0, { entries: 1_000, bytes: 1e9 });
        for (const { ledger, events } of trackers) {
          expect(await ledger.read(encodeSnapshot)).toEqual(encodeSnapshot(fresh));
          expect(events.length).toBeGreaterThanOrEqual(records.length);
          expect(events).toEqual(trackers[0].events);
        }
        expect(fresh.users.size).toBe(4 + created.length);
      }),
      { numRuns: 60 },
    );
  });
});

interface OpenLedger {
  readonly ledger: Ledger;
  readonly journal: FakeSharedJournal;
  /** Those of every entry that it was told of. */
  readonly events: readonly TrackerEvent[];
  readonly failures: readonly TrackerError[];
}

async function openOne(
  storage: () => FakeSharedJournal,
  limits: { readonly pendingWrites?: number } = {},
): Promise<OpenLedger> {
  const journal = storage();
  const events: TrackerEvent[] = [];
  const failures: TrackerError[] = [];
  const ledger = await openLedger({
    journal,
    random: { ...createTestRandom(), bytes: newRequestId },
    limits: { ...DEFAULT_LIMITS, ...limits },
    onCommitted: (entry) => events.push(...entry.events),
    onFailure: (error) => failures.push(error),
  });
  return { ledger, journal, events, failures };
}

async function openPair(): Promise<readonly [OpenLedger, OpenLedger]> {
  const storage = createFakeSharedStorage();
  return [await openOne(storage), await openOne(storage)];
}

function user(userId: string): Command {
  return createUser({ userId, passwordHash: 'hash', atMs: 1 });
}

/** Tries until the outcome is known; whether it was done. */
async function persist(ledger: Ledger, command: Command): Promise<boolean> {
  const requestId = newRequestId();
  for (;;) {
    try {
      await ledger.execute(command, { requestId });
      return true;
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error;
      if (error.code !== 'unconfirmed') return false;
    }
  }
}
