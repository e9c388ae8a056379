/** Lists whose items carry devices and proofs: every page fits a message, and together they leave nothing out. */
import { encode } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { trackerContract } from '../src/contract.ts';
import { MESSAGE_LIMITS } from '../src/message-limits.ts';
import { filePage, memberPage, type Page, requestPage } from '../src/queries.ts';
import { apply, createState, type OwnedState } from '../src/state.ts';
import { testFile } from './helpers/files.ts';
import { device, founded, granted } from './membership/people.ts';

const CONTROL_BYTES = 64 * 1024;
const maxBytes = 60 * 1024;
const groupId = 'g'.repeat(MESSAGE_LIMITS.identifierBytes);
const { methods } = trackerContract;
const alice = device(81);

describe('pages', () => {
  it('of requests fit a message, however many devices each user has', () => {
    const state = crowd(100, 64);
    for (const userId of usersOf(state)) apply(state, { kind: 'join_requested', groupId, userId, atMs: 1 });
    const seen = allOf((after) => {
      const page = requestPage(state, { groupId, userId: 'alice', after, nowMs: 1, maxBytes });
      const answer = { requests: page.items, next: page.next, mayBeStale: false };
      expect(encode(methods.list_requests.response.codec, answer).length).toBeLessThan(CONTROL_BYTES);
      return page;
    });
    expect(seen.map(({ userId }) => userId)).toEqual(usersOf(state));
    expect(seen.every(({ deviceIds }) => deviceIds.length === 64)).toBe(true);
  });

  it('of members fit a message, however many devices each has in the group', () => {
    const state = crowd(100, 64);
    for (const userId of usersOf(state)) {
      apply(state, { kind: 'join_requested', groupId, userId, atMs: 1 });
      apply(state, { kind: 'join_accepted', groupId, userId, by: 'alice', atMs: 1 });
      for (const { deviceId } of state.users.get(userId)?.devices.values() ?? [])
        apply(state, { kind: 'device_granted', groupId, userId, deviceId, proof: founded(alice) });
    }
    const seen = allOf((after) => {
      const page = memberPage(state, { groupId, userId: 'alice', after, maxBytes });
      const { items: members, next, memberEpoch } = page;
      const answer = { members, next, memberEpoch, mayBeStale: false };
      expect(encode(methods.list_members.response.codec, answer).length).toBeLessThan(CONTROL_BYTES);
      return page;
    });
    expect(seen.map(({ userId }) => userId)).toEqual(['alice', ...usersOf(state)]);
  });

  it('of files fit a message with the proofs of all who signed them, each once', () => {
    const state = crowd(0, 0);
    const names = Array.from({ length: 300 }, (_, at) => `${String(at).padStart(3, '0')}${'n'.repeat(100)}`);
    const proofs = Array.from({ length: 20 }, (_, at) => longProof(at));
    for (const [at, name] of names.entries()) {
      const { publicKey } = device(at % 20);
      const sharer = proofs[at % 20] ?? new Uint8Array();
      apply(state, { kind: 'file_shared', groupId, file: testFile(name), by: 'alice', atMs: 1 });
      const signature = new Uint8Array(65);
      apply(state, { kind: 'file_signed', groupId, name, publicKey, signature, sharer });
    }
    const seen = allOf((after) => {
      const page = filePage(state, { groupId, userId: 'alice', after, maxBytes });
      const files = page.items.map((file) => ({ ...file, seeders: 2 ** 40, leechers: 2 ** 40 }));
      const answer = { files, next: page.next, sharers: page.sharers, mayBeStale: false };
      expect(encode(methods.list_file.response.codec, answer).length).toBeLessThan(CONTROL_BYTES);
      const named = new Set(page.items.map(({ sharer }) => sharer?.length));
      expect(new Set(page.sharers.map(({ length }) => length))).toEqual(named);
      return page;
    });
    expect(seen.map(({ file }) => file.name)).toEqual(names);
  });
});

function allOf<T>(read: (after: string) => Page<T>): readonly T[] {
  const seen: T[] = [];
  for (let after = ''; ; ) {
    const { items, next } = read(after);
    expect(items.length).toBeGreaterThan(0);
    seen.push(...items);
    if (next === '') return seen;
    after = next;
  }
}

/** alice's group, and others with so many devices each. */
function crowd(users: number, devices: number): OwnedState {
  const state = createState();
  apply(state, { kind: 'user_created', userId: 'alice', passwordHash: '', atMs: 1 });
  apply(state, { kind: 'group_created', groupId, userId: 'alice', atMs: 1 });
  for (let at = 0; at < users; at += 1) {
    const userId = `user-${String(at).padStart(3, '0')}`.padEnd(MESSAGE_LIMITS.identifierBytes, 'x');
    apply(state, { kind: 'user_created', userId, passwordHash: '', atMs: 1 });
    for (let on = 0; on < devices; on += 1) {
      const deviceId = new Uint8Array(32).fill(on).fill(at, 0, 1);
      apply(state, { kind: 'device_bound', userId, deviceId, name: '', atMs: 1 });
    }
  }
  return state;
}

function usersOf(state: OwnedState): readonly string[] {
  return [...state.users.keys()].filter((userId) => userId !== 'alice');
}

/** The longest that there is, a byte longer for each, so that they can be told apart. */
function longProof(at: number): Uint8Array {
  const proof = granted(founded(alice), alice, { userId: 'bob', device: device(82) });
  return new Uint8Array(MESSAGE_LIMITS.proofBytes - at).fill(at).fill(proof[0] ?? 0, 0, 1);
}
