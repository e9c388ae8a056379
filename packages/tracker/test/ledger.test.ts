import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUser } from '../src/commands/accounts.ts';
import type { Command } from '../src/commands/command.ts';
import { createGroup } from '../src/commands/groups.ts';
import { genesis, sealEntry } from '../src/entry.ts';
import { isTrackerError, TrackerError } from '../src/errors.ts';
import type { Journal } from '../src/journal/journal.ts';
import { createMemoryJournal, type MemoryStorage } from '../src/journal/memory-journal.ts';
import { type Ledger, type LedgerOptions, openLedger } from '../src/ledger.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import type { TrackerState } from '../src/model.ts';
import { replayJournal } from '../src/replay.ts';
import { encodeSnapshot } from '../src/snapshot.ts';
import { type Action, actions, commandOf } from './helpers/actions.ts';
import { createFakeJournal, turn } from './helpers/fake-journal.ts';
import { createTestRandom } from './helpers/random.ts';
import { chain } from './journal-contract.ts';

const ALL = { entries: 1_000_000, bytes: 1_000_000_000 };
const elsewhere = new TrackerError('read_only', 'Another tracker takes the changes');
const users = (state: TrackerState): string[] => [...state.users.keys()];

describe('ledger', () => {
  it('acknowledges a write only when it is durable', async () => {
    const journal = createFakeJournal();
    const ledger = await open(journal);
    const write = watch(ledger.execute(user('alice')));
    await turn();
    expect(write.settled).toBe(false);
    expect(ledger.pendingWrites).toBe(1);
    expect(ledger.isSettled).toBe(false);
    await journal.flush();
    expect(await write.promise).toEqual({ kind: 'done' });
    expect(ledger.pendingWrites).toBe(0);
    expect(ledger.isSettled).toBe(true);
  });

  it('decides against writes that are not durable yet', async () => {
    const journal = createFakeJournal();
    const ledger = await open(journal);
    const first = ledger.execute(user('alice'));
    const second = watch(ledger.execute(user('alice')));
    const group = ledger.execute(
      createGroup(
        { groupId: 'friends', userId: 'alice', byDevice: new Uint8Array(32), atMs: 1 },
        DEFAULT_LIMITS,
      ),
    );
    await turn();
    // The refusal would give away the first write, which may still be lost.
    expect(second.settled).toBe(false);
    await journal.flush();
    await expect(second.promise).rejects.toMatchObject({ code: 'user_exists' });
    await Promise.all([first, group]);
    expect(await ledger.read(users)).toEqual(['alice']);
  });

  it('lets a read wait for the writes that it looked at, and for no others', async () => {
    const journal = createFakeJournal();
    const ledger = await open(journal);
    const first = ledger.execute(user('alice'));
    const read = watch(ledger.read(users));
    const failing = watch(
      ledger.read(() => {
        throw new TrackerError('unknown_group', 'no such group');
      }),
    );
    const second = watch(ledger.execute(user('bob')));
    await turn();
    expect([read.settled, failing.settled]).toEqual([false, false]);
    await journal.flush(1);
    expect(await read.promise).toEqual(['alice']);
    await expect(failing.promise).rejects.toMatchObject({ code: 'unknown_group' });
    expect(second.settled).toBe(false);
    await journal.flush();
    await Promise.all([first, second.promise]);
  });

  it('answers a read at once when nothing is pending', async () => {
    const ledger = await open(createFakeJournal());
    expect(await ledger.read(users)).toEqual([]);
    await expect(
      ledger.read(() => {
        throw new TrackerError('unknown_file', 'no such file');
      }),
    ).rejects.toMatchObject({ code: 'unknown_file' });
  });

  it('gives a second try the first answer, durable or not, and before and after a restart', async () => {
    const journal = createFakeJournal();
    const ledger = await open(journal);
    const requestId = new Uint8Array(16).fill(7);
    const first = ledger.execute(user('alice'), { requestId });
    const second = watch(ledger.execute(user('alice'), { requestId }));
    await turn();
    expect(second.settled).toBe(false);
    expect(journal.waiting).toHaveLength(1);
    await journal.flush();
    expect(await first).toEqual(await second.promise);

    const again = await openLedger({ ...options(journal), random: createTestRandom() });
    expect(await again.execute(user('alice'), { requestId })).toEqual({ kind: 'done' });
    await expect(again.execute(user('bob'), { requestId })).rejects.toMatchObject({
      code: 'request_id_reused',
    });
    expect(journal.head.index).toBe(1);
  });

  it('journals nothing when everything is as it was asked for', async () => {
    const journal = createMemoryJournal();
    const ledger = await open(journal);
    const nothing: Command = {
      fingerprint: new Uint8Array(16),
      decide: () => ({ events: [], result: { kind: 'requested' } }),
    };
    expect(await ledger.execute(nothing)).toEqual({ kind: 'requested' });
    expect(journal.head).toEqual(genesis);
  });

  it('refuses writes beyond its bound as busy', async () => {
    const journal = createFakeJournal();
    const ledger = await open(journal, { limits: { pendingWrites: 2 } });
    const accepted = [ledger.execute(user('a')), ledger.execute(user('b'))];
    await expect(ledger.execute(user('c'))).rejects.toMatchObject({ code: 'busy' });
    await journal.flush();
    await Promise.all(accepted);
    const later = ledger.execute(user('c'));
    await journal.flush();
    await later;
  });

  it('turns read-only when the journal fails, and goes back to what is acknowledged', async () => {
    const journal = createFakeJournal();
    const failures: TrackerError[] = [];
    const ledger = await open(journal, { onFailure: (error) => failures.push(error) });
    const kept = ledger.execute(user('alice'));
    await journal.flush();
    await kept;
    const lost = [ledger.execute(user('bob')), ledger.execute(user('carol')), ledger.execute(user('bob'))];
    const reads = [ledger.read(users), ledger.read((state) => state.users.has('bob'))];
    const settled = Promise.allSettled(lost);
    await journal.fail(new Error('the disk is full'));
    for (const outcome of await settled) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unconfirmed' } });
    }
    expect(await Promise.all(reads)).toEqual([['alice'], false]);
    expect(await ledger.read(users)).toEqual(['alice']);
    expect(ledger.mode).toBe('read_only');
    await expect(ledger.execute(user('dave'))).rejects.toMatchObject({
      code: 'read_only',
      message: expect.stringContaining('the disk is full'),
    });
    expect(failures).toHaveLength(1);
    expect((await ledger.entriesAfter(genesis, ALL)).records).toHaveLength(1);
  });

  it('answers nothing at all when the journal cannot be read either', async () => {
    const journal = createFakeJournal();
    const ledger = await open(journal);
    const kept = ledger.execute(user('alice'));
    await journal.flush();
    await kept;
    const lost = ledger.execute(user('bob'));
    journal.failReads();
    const failing = journal.fail(new Error('the disk is gone'));
    await expect(lost).rejects.toMatchObject({ code: 'unconfirmed' });
    await failing;
    expect(ledger.mode).toBe('failed');
    await expect(ledger.read(users)).rejects.toMatchObject({ code: 'journal_failed' });
    await expect(ledger.execute(user('dave'))).rejects.toMatchObject({ code: 'journal_failed' });
  });

  it('stops when a command decides what cannot be, rather than diverge', async () => {
    const ledger = await open(createMemoryJournal());
    await ledger.execute(user('alice'));
    const impossible: Command = {
      fingerprint: new Uint8Array(16),
      decide: () => ({
        events: [
          { kind: 'user_created', userId: 'bob', passwordHash: '', atMs: 1 },
          { kind: 'group_deleted', groupId: 'none' },
        ],
        result: { kind: 'done' },
      }),
    };
    await expect(ledger.execute(impossible)).rejects.toThrow(TypeError);
    expect(ledger.mode).toBe('read_only');
    expect(await ledger.read(users)).toEqual(['alice']);
  });

  it('acknowledges only what its commit does, which may be more than the journal', async () => {
    const journal = createMemoryJournal();
    const gate = Promise.withResolvers<void>();
    const ledger = await open(journal, {
      epoch: 4,
      commit: async (records) => {
        await journal.append(records);
        await gate.promise;
      },
    });
    const write = watch(ledger.execute(user('alice')));
    await turn();
    expect(journal.head).toMatchObject({ index: 1, epoch: 4 });
    expect([write.settled, ledger.durableIndex]).toEqual([false, 0]);
    gate.resolve();
    await write.promise;
    expect(ledger.durableIndex).toBe(1);
  });

  it('acknowledges in order, whatever becomes durable first', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waiting = [...gates];
    const ledger = await open(createMemoryJournal(), {
      commit: () => waiting.shift()?.promise ?? Promise.resolve(),
    });
    const first = watch(ledger.execute(user('alice')));
    const second = watch(ledger.execute(user('bob')));
    gates[1]?.resolve();
    await turn();
    expect([first.settled, second.settled, ledger.durableIndex]).toEqual([false, false, 0]);
    gates[0]?.resolve();
    await Promise.all([first.promise, second.promise]);
    expect(ledger.durableIndex).toBe(2);
  });

  it('answers entries after a position that it shares, and says so when it does not', async () => {
    const ledger = await open(createMemoryJournal({ records: chain(5), snapshot: undefined }));
    const [first, second] = chain(5);
    if (first === undefined || second === undefined) throw new Error('five entries');
    const answer = await ledger.entriesAfter(first.position, { entries: 2, bytes: 10_000 });
    expect(answer.records.map((record) => record.position.index)).toEqual([2, 3]);
    expect(answer.head.index).toBe(5);
    const elsewhere = { ...second.position, hash: first.position.hash };
    await expect(ledger.entriesAfter(elsewhere, ALL)).rejects.toMatchObject({ code: 'diverged' });
    const beyond = { ...second.position, index: 6 };
    await expect(ledger.entriesAfter(beyond, ALL)).rejects.toMatchObject({ code: 'diverged' });
  });

  it('drops the entries that its snapshot stands for', async () => {
    const storage: MemoryStorage = { records: [], snapshot: undefined };
    const ledger = await open(createMemoryJournal(storage));
    for (const userId of ['alice', 'bob']) await ledger.execute(user(userId));
    await ledger.compact({ pause: async () => undefined });
    expect(storage.records).toEqual([]);
    await ledger.execute(user('carol'));
    const again = await open(createMemoryJournal(storage));
    expect(await again.read(users)).toEqual(['alice', 'bob', 'carol']);
    await expect(again.entriesAfter(genesis, ALL)).rejects.toMatchObject({ code: 'compacted' });
  });

  it('adopts what another tracker decided, and appends only what its journal lacks', async () => {
    const journal = createMemoryJournal({ records: chain(2), snapshot: undefined });
    const told: string[] = [];
    const ledger = await open(journal, {
      onCommitted: ({ events }) => told.push(...events.map((event) => event.kind)),
    });
    await ledger.follow(elsewhere);
    const records = chain(6);
    await journal.append(records.slice(2, 4));
    await ledger.adopt(records.slice(2));
    expect([journal.head.index, ledger.durableIndex, told.length]).toEqual([6, 6, 4]);
    expect(await ledger.read(users)).toHaveLength(6);
    await expect(ledger.execute(user('alice'))).rejects.toBe(elsewhere);
    await expect(ledger.adopt(records.slice(2, 3))).rejects.toMatchObject({ code: 'journal_corrupt' });
    ledger.lead(9);
    await ledger.execute(user('alice'));
    expect(journal.head).toMatchObject({ epoch: 9, index: 7 });
  });

  it('takes back what was not acknowledged when another tracker leads', async () => {
    const journal = createMemoryJournal();
    const gate = Promise.withResolvers<void>();
    const ledger = await open(journal, {
      commit: async (records) => {
        await journal.append(records);
        if (records[0]?.position.index !== 1) await gate.promise;
      },
    });
    await ledger.execute(user('alice'));
    const pending = ledger.execute(user('bob'));
    const read = ledger.read(users);
    const following = ledger.follow(elsewhere);
    gate.reject(new Error('no longer the primary'));
    await expect(pending).rejects.toMatchObject({ code: 'unconfirmed', cause: elsewhere });
    await following;
    expect(await read).toEqual(['alice']);
    await ledger.truncateAfter(1);
    expect([journal.head.index, ledger.mode]).toEqual([1, 'following']);
    await ledger.truncateAfter(0);
    expect([ledger.durableIndex, await ledger.read(users)]).toEqual([0, []]);
  });

  it('goes on from the snapshot of another tracker, and changes its journal only while it follows', async () => {
    const other = await open(createMemoryJournal({ records: chain(8), snapshot: undefined }));
    const snapshot = await other.read(encodeSnapshot);
    const journal = createMemoryJournal({ records: chain(2), snapshot: undefined });
    const ledger = await open(journal);
    await expect(ledger.install(snapshot)).rejects.toThrow(TypeError);
    await expect(ledger.truncateAfter(1)).rejects.toThrow('expected following');
    await ledger.follow(elsewhere);
    await ledger.install(snapshot);
    await ledger.adopt(chain(9).slice(8));
    expect([journal.base, journal.head.index, (await ledger.read(users)).length]).toEqual([8, 9, 9]);
  });

  it('finishes its writes before it closes, and refuses everything after', async () => {
    const journal = createFakeJournal();
    const ledger = await open(journal);
    const write = ledger.execute(user('alice'));
    const closing = ledger.close();
    await expect(ledger.execute(user('bob'))).rejects.toMatchObject({ code: 'closed' });
    await journal.flush();
    await Promise.all([write, closing, ledger.close()]);
    await expect(ledger.read(users)).rejects.toMatchObject({ code: 'closed' });
    await expect(ledger.entriesAfter(genesis, ALL)).rejects.toMatchObject({ code: 'closed' });
  });

  it('comes to the same state as its journal, whatever is written and whenever it becomes durable', async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.infiniteStream(fc.nat(3)), async (sequence, flushes) => {
        const journal = createFakeJournal();
        const ledger = await open(journal);
        const users = new Set<string>();
        const writes: Promise<unknown>[] = [];
        for (const [at, action] of sequence.entries()) {
          if (action.kind === 'create_user') users.add(action.userId);
          if (!mentioned(action).every((userId) => users.has(userId))) continue;
          writes.push(ledger.execute(commandOf(action, at)).catch(requireTrackerError));
          await journal.flush(flushes.next().value);
        }
        await journal.flush();
        await Promise.all(writes);
        const live = await ledger.read((state) => structuredClone({ ...state }));
        expect(live).toEqual(await replayJournal(journal));
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['bytes that were changed', 3, (bytes: Uint8Array) => bytes.with(40, (bytes[40] ?? 0) ^ 1)],
    ['bytes that are cut off', 3, (bytes: Uint8Array) => bytes.slice(0, 50)],
    ['no bytes', 1, () => new Uint8Array(0)],
  ])('refuses a journal with %s', async (_, index, change) => {
    const records = chain(5);
    const record = records[index - 1];
    if (record === undefined) throw new Error('five entries');
    records[index - 1] = { ...record, bytes: change(record.bytes) };
    const opening = open(createMemoryJournal({ records, snapshot: undefined }));
    await expect(opening).rejects.toMatchObject({
      code: 'journal_corrupt',
      message: expect.stringContaining(`journal entry ${index}: `),
    });
  });

  it('refuses a journal whose entries do not follow each other, though each one is whole', async () => {
    const base = { version: 1, requestId: new Uint8Array(16), fingerprint: new Uint8Array(16) } as const;
    const result = { kind: 'done' } as const;
    const events = [{ kind: 'group_deleted', groupId: 'none' }] as const;
    const [first] = chain(1);
    if (first === undefined) throw new Error('one entry');
    const prevHash = first.position.hash;
    for (const [why, entry] of [
      ['does not follow', { ...base, epoch: 1, index: 2, result, events, prevHash: genesis.hash }],
      ['it says epoch 0 after epoch 1', { ...base, epoch: 0, index: 2, result, events, prevHash }],
      ['there is no such group', { ...base, epoch: 1, index: 2, result, events, prevHash }],
    ] as const) {
      const records = [first, sealEntry(entry)];
      const opening = open(createMemoryJournal({ records, snapshot: undefined }));
      await expect(opening).rejects.toMatchObject({
        code: 'journal_corrupt',
        message: expect.stringContaining(why),
      });
    }
    const third = sealEntry({ ...base, epoch: 1, index: 3, result, events, prevHash });
    const misplaced = { ...third, position: { ...third.position, index: 2 } };
    const opening = open(createMemoryJournal({ records: [first, misplaced], snapshot: undefined }));
    await expect(opening).rejects.toThrow('it says that it is entry 3');
  });
});

function options(journal: Journal): LedgerOptions {
  return { journal, random: createTestRandom(), limits: DEFAULT_LIMITS };
}

function open(journal: Journal, more: Partial<LedgerOptions> = {}): Promise<Ledger> {
  return openLedger({ ...options(journal), ...more });
}

function user(userId: string): Command {
  return createUser({ userId, passwordHash: 'hash', atMs: 1 });
}

function watch<T>(promise: Promise<T>): { readonly promise: Promise<T>; settled: boolean } {
  const watched = { promise, settled: false };
  const settle = (): void => {
    watched.settled = true;
  };
  promise.then(settle, settle);
  return watched;
}

function mentioned(action: Action): readonly string[] {
  return ['userId' in action ? action.userId : undefined, 'by' in action ? action.by : undefined].filter(
    (userId) => userId !== undefined,
  );
}

function requireTrackerError(error: unknown): void {
  if (!isTrackerError(error)) throw error;
}
