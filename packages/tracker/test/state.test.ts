import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrackerEvent } from '../src/events.ts';
import { adminsOf } from '../src/guards.ts';
import { toHex } from '../src/hex.ts';
import { createMemoryJournal } from '../src/journal/memory-journal.ts';
import { REMEMBERED_REQUESTS } from '../src/limits.ts';
import type { TrackerState } from '../src/model.ts';
import { replayJournal } from '../src/replay.ts';
import { decodeSnapshot, encodeSnapshot } from '../src/snapshot.ts';
import { apply, createState, rememberRequest } from '../src/state.ts';
import { actions, commandOf } from './helpers/actions.ts';
import { createDriver } from './helpers/drive.ts';
import { testFile } from './helpers/files.ts';
import { createModel, step, type TrackerModel } from './helpers/tracker-model.ts';

describe('state', () => {
  it('answers as the model does, and holds what the model holds', async () => {
    await fc.assert(
      fc.property(actions, (sequence) => {
        const driver = createDriver();
        const model = createModel();
        for (const [at, action] of sequence.entries()) {
          if ('groupId' in action && !mentionsUsersOf(driver.state, action)) continue;
          expect([action, driver.run(commandOf(action, at))]).toEqual([action, step(model, action)]);
        }
        expect(asModel(driver.state)).toEqual(model);
      }),
      { numRuns: 300 },
    );
  });

  it('is driven through every answer that there is', () => {
    const answers = new Set<string>();
    for (const sequence of fc.sample(actions, { numRuns: 1_000, seed: 1 })) {
      const model = createModel();
      for (const action of sequence) {
        if ('groupId' in action && !mentionsUsersOf(model, action)) continue;
        answers.add(`${action.kind} ${step(model, action)}`);
      }
    }
    expect([...answers].sort()).toMatchInlineSnapshot(`
      [
        "accept done",
        "accept limit_reached",
        "accept not_a_member",
        "accept not_an_admin",
        "accept unknown_group",
        "accept unknown_request",
        "bind busy",
        "bind device_revoked",
        "bind done",
        "bind limit_reached",
        "create_group done",
        "create_group group_exists",
        "create_group limit_reached",
        "create_user done",
        "create_user user_exists",
        "leave done",
        "leave last_admin",
        "leave not_a_member",
        "leave unknown_group",
        "refuse done",
        "refuse not_a_member",
        "refuse not_an_admin",
        "refuse unknown_group",
        "refuse unknown_request",
        "request already_member",
        "request limit_reached",
        "request requested",
        "request unknown_group",
        "revoke done",
        "revoke unknown_device",
        "share done",
        "share file_exists",
        "share limit_reached",
        "share not_a_member",
        "share unknown_group",
        "stop done",
        "stop not_a_member",
        "stop unknown_file",
        "stop unknown_group",
      ]
    `);
  });

  it('keeps its invariants after every event', async () => {
    await fc.assert(
      fc.property(actions, (sequence) => {
        const driver = createDriver();
        for (const [at, action] of sequence.entries()) {
          if ('groupId' in action && !mentionsUsersOf(driver.state, action)) continue;
          driver.run(commandOf(action, at));
          checkInvariants(driver.state);
        }
      }),
    );
  });

  it('is the same after a replay of the journal', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (sequence) => {
        const driver = createDriver();
        for (const [at, action] of sequence.entries()) {
          if ('groupId' in action && !mentionsUsersOf(driver.state, action)) continue;
          driver.run(commandOf(action, at));
        }
        const replayed = await replayJournal(
          createMemoryJournal({ records: [...driver.records], snapshot: undefined }),
        );
        expect(replayed).toEqual(driver.state);
      }),
    );
  });

  it('is the same after a replay from any snapshot', async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.nat(), async (sequence, where) => {
        const driver = createDriver();
        for (const [at, action] of sequence.entries()) {
          if ('groupId' in action && !mentionsUsersOf(driver.state, action)) continue;
          driver.run(commandOf(action, at));
        }
        const journal = createMemoryJournal({ records: [...driver.records], snapshot: undefined });
        const middle = await replayJournal(journal, where % (driver.records.length + 1));
        expect(decodeSnapshot(encodeSnapshot(middle))).toEqual(middle);
        await journal.writeSnapshot(encodeSnapshot(middle));
        expect(await replayJournal(journal)).toEqual(driver.state);
      }),
    );
  });

  it('counts every change of the members of a group', () => {
    const state = createState();
    const group = { groupId: 'friends', userId: 'alice', atMs: 1 };
    const bob = { groupId: 'friends', userId: 'bob' };
    const events: readonly (readonly [TrackerEvent, number])[] = [
      [{ kind: 'group_created', ...group }, 1],
      [{ kind: 'join_requested', ...bob, atMs: 2 }, 1],
      [{ kind: 'join_accepted', ...bob, by: 'alice', atMs: 3 }, 2],
      [{ kind: 'file_shared', groupId: 'friends', file: testFile('a'), by: 'bob', atMs: 4 }, 2],
      [{ kind: 'member_left', ...bob }, 3],
    ];
    for (const userId of ['alice', 'bob'])
      apply(state, { kind: 'user_created', userId, passwordHash: '', atMs: 0 });
    for (const [event, memberEpoch] of events) {
      apply(state, event);
      expect(state.groups.get('friends')?.memberEpoch).toBe(memberEpoch);
    }
  });

  it('keeps nothing of the buffer that an event came in', () => {
    const state = createState();
    apply(state, { kind: 'user_created', userId: 'alice', passwordHash: '', atMs: 0 });
    apply(state, { kind: 'group_created', groupId: 'friends', userId: 'alice', atMs: 0 });
    const received = new Uint8Array(65_536).fill(7);
    const file = { ...testFile('a'), root: received.subarray(100, 132) };
    apply(state, { kind: 'file_shared', groupId: 'friends', file, by: 'alice', atMs: 0 });
    received.fill(0);
    const kept = state.groups.get('friends')?.files.get('a')?.file.root;
    expect(kept).toEqual(new Uint8Array(32).fill(7));
    expect(kept?.buffer.byteLength).toBe(32);
  });

  it('is not restored from a snapshot with a changed bit', async () => {
    const driver = createDriver();
    for (const userId of ['alice', 'bob']) driver.run(commandOf({ kind: 'create_user', userId }, 1));
    const snapshot = encodeSnapshot(driver.state);
    await fc.assert(
      fc.property(fc.nat(snapshot.bytes.length * 8 - 1), (bit) => {
        const bytes = snapshot.bytes.slice();
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => decodeSnapshot({ ...snapshot, bytes })).toThrow('does not have the hash that was kept');
      }),
    );
    const bytes = new Uint8Array(10);
    expect(() => decodeSnapshot({ ...snapshot, bytes })).toThrow('Cannot use journal entry 2: the snapshot');
  });

  it('refuses events that cannot follow', () => {
    const state = createState();
    const groupId = 'friends';
    const userId = 'alice';
    expect(() => apply(state, { kind: 'group_created', groupId, userId, atMs: 1 })).toThrow(TypeError);
    expect(() => apply(state, { kind: 'member_left', groupId, userId })).toThrow('there is no such group');
    expect(() => apply(state, { kind: 'password_rehashed', userId, passwordHash: '' })).toThrow(
      'no such user',
    );
    apply(state, { kind: 'user_created', userId, passwordHash: '', atMs: 1 });
    apply(state, { kind: 'group_created', groupId, userId, atMs: 1 });
    expect(() => apply(state, { kind: 'user_created', userId, passwordHash: '', atMs: 1 })).toThrow('exists');
    expect(() => apply(state, { kind: 'group_deleted', groupId })).toThrow('has members');
    expect(() =>
      apply(state, { kind: 'join_accepted', groupId, userId: 'bob', by: userId, atMs: 1 }),
    ).toThrow('wait');
    expect(() =>
      apply(state, { kind: 'sharing_stopped', groupId, name: 'a', root: new Uint8Array(32), by: userId }),
    ).toThrow('no file');
  });

  it('forgets the oldest request ids, and only those', () => {
    const state = createState();
    const fingerprint = new Uint8Array(16);
    const idOf = (index: number): Uint8Array => new Uint8Array(new Uint32Array([index, 0, 0, 0]).buffer);
    for (let index = 1; index <= REMEMBERED_REQUESTS + 10; index += 1) {
      rememberRequest(state, { index, fingerprint, result: { kind: 'done' }, requestId: idOf(index) });
    }
    expect(state.doneRequests.size).toBe(REMEMBERED_REQUESTS);
    expect(state.doneRequests.has(toHex(idOf(10)))).toBe(false);
    expect(state.doneRequests.has(toHex(idOf(11)))).toBe(true);
  });
});

/** A connection belongs to a user who exists, so commands of others never reach the state. */
function mentionsUsersOf(
  state: { readonly users: { has(userId: string): boolean } },
  action: object,
): boolean {
  const { userId, by } = action as { readonly userId?: string; readonly by?: string };
  return [userId, by].every((user) => user === undefined || state.users.has(user));
}

function asModel(state: TrackerState): TrackerModel {
  const groups = [...state.groups.values()].map((group) => {
    const members = new Map(
      [...group.members.values()].map(({ userId, role }) => [userId, role === 'admin']),
    );
    const files = new Map([...group.files].map(([name, shared]) => [name, shared.sharedBy]));
    return [group.groupId, { members, waiting: new Set(group.joinRequests.keys()), files }] as const;
  });
  const users = [...state.users.values()].map(
    ({ userId, devices }) =>
      [userId, new Map([...devices.values()].map((one) => [one.deviceId[0] ?? 0, one.isRevoked]))] as const,
  );
  return { users: new Map(users), groups: new Map(groups) };
}

function checkInvariants(state: TrackerState): void {
  expect(state.groupNames.after('', Infinity)).toEqual([...state.groups.keys()].sort());
  for (const group of state.groups.values()) {
    expect(adminsOf(group)).not.toEqual([]);
    expect(group.fileNames.after('', Infinity)).toEqual([...group.files.keys()].sort());
    expect([...group.roots.values()].reduce((sum, count) => sum + count, 0)).toBe(group.files.size);
    for (const [name, shared] of group.files) expect(shared.file.name).toBe(name);
    for (const userId of group.members.keys()) {
      expect(state.users.has(userId)).toBe(true);
      expect(group.joinRequests.has(userId)).toBe(false);
      expect(state.groupsOf.get(userId)?.has(group.groupId)).toBe(true);
    }
    for (const userId of group.joinRequests.keys()) {
      expect(state.waitingFor.get(userId)?.has(group.groupId)).toBe(true);
    }
  }
  const pairs = [...state.groups.values()].reduce((sum, group) => sum + group.members.size, 0);
  expect([...state.groupsOf.values()].reduce((sum, groups) => sum + groups.size, 0)).toBe(pairs);
  for (const groups of state.waitingFor.values()) expect(groups.size).toBeGreaterThan(0);
}
