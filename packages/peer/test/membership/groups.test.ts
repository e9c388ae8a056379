/** Who is let into groups, by whom, and what of it is signed. */
import { readFile } from 'node:fs/promises';
import type { Client } from '@minitorrent/rpc-core';
import { createIdentity, parseDeviceId } from '@minitorrent/rpc-core/identity';
import { foundGroup, type trackerContract, writeInvitation } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import type { Peer } from '../../src/index.ts';
import { GROUP, GroupScene, next, PASSWORD } from '../support/group-scene.ts';

type GroupStamp = Awaited<ReturnType<Client<typeof trackerContract>['group_stamps']>>['stamps'][number];

const DAY_MS = 24 * 60 * 60 * 1000;
const SOON = { timeout: 20_000 };

/** Whether what one member shares reaches the other, which it does only where both are let in. */
async function passes(scene: GroupScene, from: Peer, to: Peer, name: string): Promise<boolean> {
  const path = await scene.file(name);
  await from.uploadFile(GROUP, path);
  const { completed } = await to.downloadFile(GROUP, name);
  return (await readFile(await completed)).equals(await readFile(path));
}

async function devicesOf(peer: Peer, userId: string): Promise<readonly Uint8Array[]> {
  const { items } = await peer.listMembers(GROUP);
  return items.find((member) => member.userId === userId)?.deviceIds ?? [];
}

describe('a group', () => {
  it('has the key of the proof that its founder made, which every member sees', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.member('bob', alice);
    const [seen, told] = [await bob.listMembers(GROUP), await alice.listMembers(GROUP)];
    expect(seen.groupKey).toHaveLength(32);
    expect(seen.groupKey).toEqual(told.groupKey);
    expect(told.items).toMatchObject([
      { userId: 'alice', role: 'admin', deviceIds: [alice.deviceId] },
      { userId: 'bob', role: 'member', deviceIds: [bob.deviceId] },
    ]);
    expect(await passes(scene, alice, bob, 'a.bin')).toBe(true);
    expect(await passes(scene, bob, alice, 'b.bin')).toBe(true);
  });

  it('is joined by whom a policy accepts, which sees the very devices', async () => {
    await using scene = await GroupScene.start();
    const joinPolicy = vi.fn(async () => 'accept' as const);
    const alice = await scene.user('alice', { joinPolicy });
    const asked = next(alice, 'join-request');
    await alice.createGroup(GROUP);
    const bob = await scene.user('bob');
    expect(await bob.joinGroup(GROUP)).toBe('member');
    expect(await asked).toEqual({ groupId: GROUP, userId: 'bob', deviceIds: [bob.deviceId] });
    expect(joinPolicy.mock.calls).toHaveLength(1);
    expect(await devicesOf(bob, 'bob')).toEqual([bob.deviceId]);
    expect(await passes(scene, bob, alice, 'a.bin')).toBe(true);
  });

  it('is joined by a person’s decision, who compares the devices, and refused by another', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const [bob, carol] = [await scene.user('bob'), await scene.user('carol')];
    expect(await bob.joinGroup(GROUP)).toBe('requested');
    expect(await carol.joinGroup(GROUP)).toBe('requested');
    const { items } = await alice.listRequests(GROUP);
    expect(items).toMatchObject([
      { userId: 'bob', deviceIds: [bob.deviceId] },
      { userId: 'carol', deviceIds: [carol.deviceId] },
    ]);
    await alice.rejectRequest(GROUP, 'carol');
    expect(await alice.acceptRequest(GROUP, 'bob')).toEqual({ deviceIds: [bob.deviceId] });
    await expect(alice.acceptRequest(GROUP, 'carol')).rejects.toMatchObject({ code: 'unknown_request' });
    await expect(carol.listMembers(GROUP)).rejects.toMatchObject({ code: 'not_a_member' });
    expect(await devicesOf(bob, 'bob')).toEqual([bob.deviceId]);
  });

  it('lets a further device of a member in when the member’s first device accepts it', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const first = await scene.member('bob', alice);
    const second = await scene.device();
    const waiting = next(second, 'device-waiting');
    await second.login('bob', PASSWORD);
    expect(await waiting).toEqual({ groupId: GROUP, userId: 'bob', deviceId: second.deviceId });
    await expect(second.uploadFile(GROUP, await scene.file('early.bin'))).rejects.toMatchObject({
      code: 'not_admitted',
    });
    await expect(second.acceptRequest(GROUP, 'bob')).rejects.toMatchObject({ code: 'not_admitted' });
    const { items } = await first.listRequests();
    expect(items).toMatchObject([{ groupId: GROUP, userId: 'bob', deviceIds: [second.deviceId] }]);
    await first.acceptRequest(GROUP, 'bob');
    expect(await devicesOf(second, 'bob')).toEqual([first.deviceId, second.deviceId]);
    expect(await passes(scene, second, alice, 'c.bin')).toBe(true);
    const { items: files } = await alice.listFiles(GROUP);
    expect(files).toMatchObject([{ sharedBy: 'bob', isSigned: true, sharedByDevice: second.deviceId }]);
  });

  it('keeps a second device of its admin an admin', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const second = await scene.device();
    const waiting = next(second, 'device-waiting');
    await second.login('alice', PASSWORD);
    await waiting;
    await alice.acceptRequest(GROUP, 'alice');
    const bob = await scene.member('bob', second);
    expect(await devicesOf(second, 'bob')).toEqual([bob.deviceId]);
  });
});

describe('an invitation', () => {
  it('lets one in as often as it says, without anybody who decides', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const { code, inviteId, maxUses, expiresAtMs } = await alice.invite(GROUP, { maxUses: 2 });
    expect(maxUses).toBe(2);
    expect(Math.abs(expiresAtMs - Date.now() - 7 * DAY_MS)).toBeLessThan(60_000);
    expect((await alice.listInvitations(GROUP)).items).toMatchObject([
      { inviteId, uses: 0, invitedBy: 'alice' },
    ]);
    const [bob, carol, dave] = await Promise.all(['bob', 'carol', 'dave'].map((name) => scene.user(name)));
    if (!bob || !carol || !dave) throw new TypeError('Three are needed');
    await alice.logout();
    expect(await bob.joinGroup(GROUP, { invitation: code })).toBe('member');
    expect(await carol.joinGroup(GROUP, { invitation: code.toLowerCase() })).toBe('member');
    await expect(dave.joinGroup(GROUP, { invitation: code })).rejects.toMatchObject({
      code: 'unknown_invitation',
    });
    expect((await bob.listMembers(GROUP)).items.map(({ userId }) => userId)).toEqual([
      'alice',
      'bob',
      'carol',
    ]);
    expect(await passes(scene, bob, carol, 'a.bin')).toBe(true);
  });

  it('ends with its time, and when it is revoked by its id or its code', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.user('bob');
    const [short, byId, byCode] = [
      await alice.invite(GROUP, { expiresInMs: DAY_MS }),
      await alice.invite(GROUP),
      await alice.invite(GROUP),
    ];
    await alice.revokeInvitation(GROUP, byId.inviteId);
    await alice.revokeInvitation(GROUP, byCode.code);
    for (const { code } of [byId, byCode])
      await expect(bob.joinGroup(GROUP, { invitation: code })).rejects.toMatchObject({
        code: 'unknown_invitation',
      });
    scene.clock.aheadMs = DAY_MS + 1;
    await expect(bob.joinGroup(GROUP, { invitation: short.code })).rejects.toMatchObject({
      code: 'invitation_expired',
    });
    expect((await alice.listInvitations(GROUP)).items).toEqual([]);
  });

  it('is for others than those who stand behind it, who are told so', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const { code } = await alice.invite(GROUP);
    const second = await scene.device();
    await second.login('alice', PASSWORD);
    await expect(second.joinGroup(GROUP, { invitation: code })).rejects.toMatchObject({
      code: 'own_invitation',
      message: expect.stringContaining('join without it'),
    });
    expect((await alice.listInvitations(GROUP)).items).toMatchObject([{ uses: 0 }]);
  });

  it('finds out a tracker that shows another group of that name, and a code that was copied wrong', async () => {
    await using scene = await GroupScene.start();
    const [alice, mallory] = [await scene.user('alice'), await scene.user('mallory')];
    await alice.createGroup(GROUP);
    await mallory.createGroup('other');
    const { code } = await alice.invite(GROUP);
    const { groupKey } = await mallory.listMembers('other');
    if (groupKey === undefined) throw new TypeError('There is no key');
    // The same invitation, with the key of another group in it.
    const wrong = writeInvitation(parseDeviceId(code).subarray(0, 16), groupKey);
    const bob = await scene.user('bob');
    await expect(bob.joinGroup(GROUP, { invitation: wrong })).rejects.toMatchObject({
      code: 'wrong_group_key',
      message: expect.stringContaining('check the name with whoever invited you'),
    });
    const miscopied = code.replace(/^./, code.startsWith('7') ? '6' : '7');
    await expect(bob.joinGroup(GROUP, { invitation: miscopied })).rejects.toMatchObject({
      code: 'bad_invitation',
      message: 'Cannot read the invitation: groups 1 and 2 have a mistake; copy the whole code again',
    });
    expect(await bob.joinGroup(GROUP, { invitation: code })).toBe('member');
  });
});

describe('a member who was removed', () => {
  it('is let into the same group again, and leaves what this device keeps of it where trackers know of nothing to leave', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.member('bob', alice);
    const standings: string[] = [];
    bob.on('membership-changed', ({ standing }) => standings.push(standing));
    const { groupKey } = await alice.listMembers(GROUP);
    const removed = async () => {
      await alice.removeMember(GROUP, 'bob');
      await vi.waitFor(() => expect(standings.at(-1)).toBe('removed'), 20_000);
    };
    await removed();
    const { code } = await alice.invite(GROUP);
    expect(await bob.joinGroup(GROUP, { invitation: code })).toBe('member');
    expect((await bob.listMembers(GROUP)).groupKey).toEqual(groupKey);
    await vi.waitFor(() => expect(standings.at(-1)).toBe('member'), 20_000);
    await removed();
    await bob.leaveGroup(GROUP);
    await expect(bob.leaveGroup(GROUP)).rejects.toMatchObject({ code: 'not_a_member' });
  });
});

describe('the roles in a group', () => {
  it('are given and taken for all devices of a user, and a group keeps an admin', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.member('bob', alice);
    await expect(bob.invite(GROUP)).rejects.toMatchObject({
      code: expect.stringMatching('bad_proof|not_an_admin'),
    });
    await expect(alice.leaveGroup(GROUP)).rejects.toMatchObject({ code: 'last_admin' });
    expect(await alice.makeAdmin(GROUP, 'bob')).toEqual({ deviceIds: [bob.deviceId] });
    expect(await devicesOf(bob, 'bob')).toEqual([bob.deviceId]);
    const carol = await scene.member('carol', bob);
    expect(await alice.unmakeAdmin(GROUP, 'alice')).toEqual({ deviceIds: [alice.deviceId] });
    await expect(alice.removeMember(GROUP, 'carol')).rejects.toMatchObject({ code: 'not_an_admin' });
    const { items } = await carol.listMembers(GROUP);
    expect(items.map(({ userId, role }) => `${userId} ${role}`)).toEqual([
      'alice member',
      'bob admin',
      'carol member',
    ]);
    expect(await passes(scene, alice, carol, 'a.bin')).toBe(true);
    await alice.leaveGroup(GROUP);
  });

  it('end with a removal, which the removed one is told of, and which does not keep them out for ever', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.member('bob', alice);
    await bob.uploadFile(GROUP, await scene.file('a.bin'));
    const told = next(bob, 'membership-changed');
    await alice.removeMember(GROUP, 'bob');
    expect(await told).toMatchObject({ groupId: GROUP, standing: 'removed' });
    await vi.waitFor(() => expect(bob.shares()).toEqual([]), SOON);
    await expect(bob.listMembers(GROUP)).rejects.toMatchObject({ code: 'not_a_member' });
    expect(await bob.joinGroup(GROUP)).toBe('requested');
    await alice.acceptRequest(GROUP, 'bob');
    expect(await devicesOf(alice, 'bob')).toEqual([bob.deviceId]);
  });
});

describe('an admin at a tracker that lies', () => {
  it('signs for the devices that are proved and for no other, and makes nobody admin by its word', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.member('bob', alice);
    const carol = await scene.user('carol');
    await carol.joinGroup(GROUP);
    const spy = createIdentity();
    // Another group of that name, in which the spy is bob.
    const forged = foundGroup(spy, { groupId: GROUP, userId: 'bob', nonce: new Uint8Array(16) });
    await scene.lie({
      answers: {
        list_members: (truth) => ({
          ...truth,
          members: [
            ...truth.members.map((one) =>
              one.userId === 'bob' ? { ...one, deviceIds: [...one.deviceIds, spy.deviceId] } : one,
            ),
            { userId: 'carol', role: 'admin', sinceMs: 0, deviceIds: [] },
          ],
        }),
        member_proofs: (truth) => ({
          ...truth,
          proofs: [
            forged,
            ...truth.proofs.map((proof) => proof.map((byte, at) => byte ^ (at === 9 ? 1 : 0))),
            ...truth.proofs,
          ],
        }),
      },
    });
    // The tracker itself takes nothing else, and would refuse what is for others.
    expect(await alice.makeAdmin(GROUP, 'bob')).toEqual({ deviceIds: [bob.deviceId] });
    expect(await alice.acceptRequest(GROUP, 'carol')).toEqual({ deviceIds: [carol.deviceId] });
    await scene.lie({});
    expect(await devicesOf(alice, 'bob')).toEqual([bob.deviceId]);
    expect((await alice.listMembers(GROUP)).items.map(({ role }) => role)).toEqual([
      'admin',
      'admin',
      'member',
    ]);
  });
});

describe('an admin who compared the devices of a request', () => {
  it('lets those in and none that the tracker adds later, or puts in their place', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.user('bob');
    await bob.joinGroup(GROUP);
    const compared = { deviceIds: [bob.deviceId] };
    const { deviceId: spy } = createIdentity();
    const lieAbout = (deviceIdsOf: (truth: readonly Uint8Array[]) => readonly Uint8Array[]) =>
      scene.lie({
        answers: {
          list_requests: ({ requests, ...truth }) => ({
            ...truth,
            requests: requests.map((one) => ({ ...one, deviceIds: deviceIdsOf(one.deviceIds) })),
          }),
        },
      });
    await lieAbout(() => [spy]);
    await expect(alice.acceptRequest(GROUP, 'bob', compared)).rejects.toMatchObject({
      code: 'unknown_request',
      message: expect.stringContaining('other devices now than those that were compared'),
    });
    await lieAbout((truth) => [spy, ...truth]);
    expect(await alice.acceptRequest(GROUP, 'bob', compared)).toEqual(compared);
    await scene.lie({});
    expect(await devicesOf(alice, 'bob')).toEqual([bob.deviceId]);
  });

  it('signs nothing by the proof of another user of the same device', async () => {
    await using scene = await GroupScene.start();
    const shared = await scene.user('alice');
    await shared.createGroup(GROUP);
    let ofAlice: GroupStamp | undefined;
    await scene.lie({
      answers: {
        group_stamps: (truth) => {
          ofAlice ??= truth.stamps.find(({ membership }) => membership !== undefined);
          return { stamps: ofAlice === undefined ? truth.stamps : [ofAlice] };
        },
      },
    });
    await shared.invite(GROUP);
    expect(ofAlice).toBeDefined();
    await shared.logout();
    await shared.createUser('bob', PASSWORD);
    await shared.login('bob', PASSWORD);
    scene.asked.length = 0;
    await expect(shared.invite(GROUP)).rejects.toMatchObject({ code: 'not_admitted' });
    expect(scene.asked).not.toContain('create_invitation');
  });
});

describe('an admin whose proof was overtaken', () => {
  it('signs anew, a few times', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.user('bob');
    await bob.joinGroup(GROUP);
    let behind = 2;
    await scene.lie({
      answers: {
        group_stamps: ({ stamps }) => {
          behind -= 1;
          const late = behind >= 0 ? 5 : 0;
          return { stamps: stamps.map((one) => ({ ...one, memberEpoch: one.memberEpoch + late })) };
        },
      },
    });
    await alice.acceptRequest(GROUP, 'bob');
    expect(await devicesOf(alice, 'bob')).toEqual([bob.deviceId]);
  });
});
