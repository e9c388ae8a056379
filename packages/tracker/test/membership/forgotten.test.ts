/** What is forgotten of removals, and that nothing comes back by it. */
import type { Identity } from '@minitorrent/rpc-core/identity';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUser } from '../../src/commands/accounts.ts';
import type { Change } from '../../src/commands/change.ts';
import { commandOf } from '../../src/commands/command-of.ts';
import { deviceKey } from '../../src/device-key.ts';
import { DEFAULT_LIMITS, REMEMBERED_REVOCATIONS } from '../../src/limits.ts';
import { invitationKey } from '../../src/membership/invitation.ts';
import { MESSAGE_LIMITS } from '../../src/message-limits.ts';
import type { Group } from '../../src/model.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/snapshot.ts';
import { apply } from '../../src/state.ts';
import { createDriver, type Driver } from '../helpers/drive.ts';
import { device, FOREVER, founded, granted } from './people.ts';

const groupId = 'friends';
const [phone, laptop] = [device(301), device(302)];
const key = invitationKey(new Uint8Array(16).fill(9));
const asAlice = { by: 'alice', byDevice: phone.deviceId };

describe('a group with very many removals', () => {
  it('remembers the latest ones, and takes no grant that may be older than one it forgot', () => {
    const driver = createDriver();
    join(driver);
    const old = proofOfBob(driver);
    expect(run(driver, { kind: 'remove_member', groupId, userId: 'bob', ...asAlice, atMs: 3 })).toBe('done');
    const epoch = groupOf(driver).memberEpoch;
    bindTo(driver, 'carol', device(305));
    const carol = { groupId, userId: 'carol', atMs: 4 };
    run(driver, { kind: 'join_group', ...carol, byDevice: device(305).deviceId });
    run(driver, { kind: 'accept_request', ...carol, ...asAlice });
    // While it is remembered, the proof that bob was let in by lets him in no more.
    expect(comeBack(driver, old)).toBe('group_changed');

    removeMany(driver, REMEMBERED_REVOCATIONS - 1);
    expect(groupOf(driver)).toMatchObject({ forgottenEpoch: 0 });
    expect(groupOf(driver).revoked.size).toBe(REMEMBERED_REVOCATIONS);
    removeMany(driver, 1);
    expect(groupOf(driver).revoked.size).toBe(REMEMBERED_REVOCATIONS);
    expect(groupOf(driver).revoked.has(deviceKey('bob', laptop.deviceId))).toBe(false);
    expect(groupOf(driver).forgottenEpoch).toBe(epoch);

    expect(comeBack(driver, old)).toBe('group_changed');
    const restored = decodeSnapshot(encodeSnapshot(driver.state));
    expect(restored).toEqual(driver.state);
    // Whoever may invite may still let him in anew.
    expect(comeBack(driver, grantToBob(driver, groupOf(driver).memberEpoch + 1))).toBe('done');
  });
});

describe('the devices of a user', () => {
  it('are limited where they are in use, and of the revoked ones the first is forgotten', async () => {
    const most = { live: 3, revoked: MESSAGE_LIMITS.revokedDevicesPerUser };
    await fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.nat(90)), { minLength: 250, maxLength: 400 }),
        (steps) => {
          const driver = createDriver();
          driver.run(createUser({ userId: 'alice', passwordHash: '$', atMs: 0 }));
          const live = new Set<number>();
          let revoked: number[] = [];
          for (const [isRevoking, number] of steps) {
            const answer = isRevoking ? revoke(driver, number, live) : bind(driver, number, most.live);
            const wasRevoked = revoked.includes(number);
            if (answer === 'done' && isRevoking && live.delete(number)) {
              revoked = [...revoked, number].slice(-most.revoked);
            } else if (answer === 'done' && !isRevoking) live.add(number);
            if (!isRevoking && wasRevoked) expect(answer).toBe('device_revoked');
            if (answer === 'limit_reached') expect(live.size).toBe(most.live);
            const devices = [...(driver.state.users.get('alice')?.devices.values() ?? [])];
            const numbers = (wanted: boolean) =>
              devices.filter(({ isRevoked }) => isRevoked === wanted).map(({ deviceId }) => deviceId[0]);
            expect(numbers(true)).toEqual(revoked);
            expect(new Set(numbers(false))).toEqual(live);
          }
          expect(decodeSnapshot(encodeSnapshot(driver.state))).toEqual(driver.state);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('do not get their old place in a group back by being forgotten', () => {
    const driver = createDriver();
    join(driver);
    const old = proofOfBob(driver);
    const tablet = device(303);
    bindTo(driver, 'bob', tablet);
    const asked = { userId: 'bob', byDevice: tablet.deviceId };
    expect(run(driver, { kind: 'revoke_device', ...asked, deviceId: laptop.deviceId })).toBe('done');
    for (let number = 0; number < MESSAGE_LIMITS.revokedDevicesPerUser; number += 1) {
      const other = device(400 + number);
      bindTo(driver, 'bob', other);
      expect(run(driver, { kind: 'revoke_device', ...asked, deviceId: other.deviceId })).toBe('done');
    }
    // As a device on which bob has never logged in: the password binds it again, and nothing lets it in.
    bindTo(driver, 'bob', laptop);
    expect(groupOf(driver).members.has('bob')).toBe(true);
    expect([...groupOf(driver).grants.values()].map(({ userId }) => userId)).toEqual(['alice']);
    expect(comeBack(driver, old)).toBe('group_changed');
  });
});

describe('two users on one device', () => {
  it('are in a group each by a grant of their own, until each of them is removed', () => {
    const driver = createDriver();
    join(driver);
    bindTo(driver, 'carol', laptop);
    const proof = granted(founded(phone), phone, {
      ...{ userId: 'carol', device: laptop, memberEpoch: groupOf(driver).memberEpoch + 1 },
    });
    const request = { groupId, userId: 'carol' };
    run(driver, { kind: 'join_group', ...request, byDevice: laptop.deviceId, atMs: 4 });
    run(driver, { kind: 'accept_request', ...request, ...asAlice, atMs: 4, proofs: [proof] });
    expect(usersOn(driver, laptop)).toEqual(['bob', 'carol']);
    run(driver, { kind: 'remove_member', groupId, userId: 'bob', ...asAlice, atMs: 5 });
    expect(usersOn(driver, laptop)).toEqual(['carol']);
    expect([...groupOf(driver).revoked.keys()]).toEqual([deviceKey('bob', laptop.deviceId)]);
    // Each revokes it for themselves.
    const other = device(304);
    bindTo(driver, 'bob', other);
    const revoke = { kind: 'revoke_device', byDevice: other.deviceId, deviceId: laptop.deviceId } as const;
    expect(run(driver, { ...revoke, userId: 'bob' })).toBe('done');
    expect(usersOn(driver, laptop)).toEqual(['carol']);
  });
});

function groupOf({ state }: Driver): Group {
  const group = state.groups.get(groupId);
  if (group === undefined) throw new Error('there is no group');
  return group;
}

function usersOn(driver: Driver, { deviceId }: Identity): readonly string[] {
  return ['alice', 'bob', 'carol'].filter((userId) =>
    groupOf(driver).grants.has(deviceKey(userId, deviceId)),
  );
}

function run(driver: Driver, change: Change): string {
  return driver.run(commandOf(change, DEFAULT_LIMITS));
}

/** The user exists and has logged in there. */
function bindTo(driver: Driver, userId: string, { deviceId }: Identity): void {
  driver.run(createUser({ userId, passwordHash: '$', atMs: 0 }));
  const bound = run(driver, { kind: 'bind_device', userId, deviceId, name: '', passwordHash: '$', atMs: 1 });
  expect(bound).toBe('done');
}

/** Alice founds the group on her phone and invites, and bob joins by that on his laptop. */
function join(driver: Driver): void {
  bindTo(driver, 'alice', phone);
  bindTo(driver, 'bob', laptop);
  const own = { userId: 'alice', byDevice: phone.deviceId };
  run(driver, { kind: 'create_group', groupId, ...own, atMs: 1, proof: founded(phone) });
  const proof = granted(founded(phone), phone, {
    ...{ userId: 'alice', device: key, role: 'invite', memberEpoch: 3, notAfterMs: FOREVER },
  });
  run(driver, { kind: 'create_invitation', groupId, proof, maxUses: 1_000, ...asAlice, atMs: 2 });
  expect(comeBack(driver, grantToBob(driver, 3))).toBe('done');
}

function grantToBob(driver: Driver, memberEpoch: number): Uint8Array {
  const invitation = [...groupOf(driver).invitations.values()][0];
  return granted(invitation?.proof ?? founded(phone), key, { userId: 'bob', device: laptop, memberEpoch });
}

function proofOfBob(driver: Driver): Uint8Array {
  const grant = groupOf(driver).grants.get(deviceKey('bob', laptop.deviceId));
  if (grant === undefined) throw new Error('bob is not in');
  return grant.proof;
}

/** The invitation is good still: whatever keeps bob out is about the proof. */
function comeBack(driver: Driver, proof: Uint8Array): string {
  return run(driver, {
    ...{ kind: 'join_group', groupId, userId: 'bob', byDevice: laptop.deviceId, atMs: 9 },
    proof,
  } as const);
}

/** Devices of carol, as if they had been let in and removed one by one. */
function removeMany({ state }: Driver, count: number): void {
  const userId = 'carol';
  const proof = founded(phone);
  for (let number = 0; number < count; number += 1) {
    const deviceId = new Uint8Array(32);
    new DataView(deviceId.buffer).setUint32(0, groupOf({ state } as Driver).memberEpoch);
    apply(state, { kind: 'device_bound', userId, deviceId, name: '', atMs: 5 });
    apply(state, { kind: 'device_granted', groupId, userId, deviceId, proof });
    apply(state, { kind: 'device_revoked', userId, deviceId });
    apply(state, { kind: 'device_forgotten', userId, deviceId });
  }
}

function bind(driver: Driver, number: number, devicesPerUser: number): string {
  const deviceId = new Uint8Array(32).fill(number);
  const login = { userId: 'alice', deviceId, name: '', passwordHash: '$', atMs: 1 };
  return driver.run(commandOf({ kind: 'bind_device', ...login }, { ...DEFAULT_LIMITS, devicesPerUser }));
}

/** On any device that is in use. */
function revoke(driver: Driver, number: number, live: ReadonlySet<number>): string {
  const [on = number] = live;
  return run(driver, {
    ...{ kind: 'revoke_device', userId: 'alice', byDevice: new Uint8Array(32).fill(on) },
    deviceId: new Uint8Array(32).fill(number),
  } as const);
}
