/** Groups whose members can prove it, at a tracker: founding, joining, further devices, invitations, roles, removal. */
import type { Identity } from '@minitorrent/rpc-core/identity';
import { describe, expect, it } from 'vitest';
import { signFile } from '../src/membership/file-signature.ts';
import { invitationKey } from '../src/membership/invitation.ts';
import { checkProof } from '../src/membership/proof.ts';
import { readStamp, STAMP_LIFE_MS } from '../src/membership/stamp.ts';
import { turn } from './helpers/fake-journal.ts';
import { testFile } from './helpers/files.ts';
import { createMemoryScene, type MemoryScene } from './helpers/memory-scene.ts';
import { newRequestId, type PeerOptions, type TestPeer } from './helpers/peers.ts';
import { device, FOREVER, founded, granted } from './membership/people.ts';

const groupId = 'friends';
const [phone, laptop, tablet, desktop] = [device(61), device(62), device(63), device(64)];

type Decide = NonNullable<PeerOptions['decide']>;

describe('a group with proofs', () => {
  it('gives its founder the proof and a stamp of this tracker', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const { stamps } = await alice.tracker.group_stamps({ groups: [groupId, 'work', groupId] });
    expect(stamps).toHaveLength(1);
    const [{ memberEpoch, membership } = { memberEpoch: 0, membership: undefined }] = stamps;
    expect(memberEpoch).toBe(2);
    expect(membership?.proof).toEqual(founded(phone));
    const checked = checkProof(founded(phone));
    expect(readStamp(membership?.stamp ?? new Uint8Array())).toEqual({
      trackerId: scene.tracker.deviceId,
      stamp: {
        groupKey: checked.isSound && checked.groupKey,
        userId: 'alice',
        deviceId: phone.deviceId,
        memberEpoch: 2,
        notAfterMs: scene.clock.wallNow() + STAMP_LIFE_MS,
      },
    });
  });

  it('keeps a stamp for a minute, and makes a new one when the group changes', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const first = await stampOf(alice);
    await scene.clock.advanceAsync(59_000);
    expect(await stampOf(alice)).toEqual(first);
    await scene.clock.advanceAsync(1_000);
    const second = await stampOf(alice);
    expect(second?.notAfterMs).toBe(Number(first?.notAfterMs) + 60_000);
    await member(scene, 'bob', laptop, alice);
    expect((await stampOf(alice))?.memberEpoch).toBe(4);
  });

  it('is not founded by the proof of another user, group or device', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice', { deviceId: phone.deviceId });
    const create = (proof: Uint8Array) =>
      alice.tracker.create_group({ requestId: newRequestId(), groupId, proof });
    for (const proof of [
      founded(phone, 'work'),
      founded(phone, groupId, 'bob'),
      founded(laptop),
      granted(founded(phone), phone, { userId: 'alice', device: phone }),
      new Uint8Array(3),
    ])
      await expect(create(proof)).rejects.toMatchObject({ code: 'bad_proof' });
    await create(founded(phone));
  });

  it('has no signature checked for whoever was never shown one of its proofs', async () => {
    await using scene = await createMemoryScene();
    await founder(scene);
    const bob = await scene.logIn('bob', { deviceId: laptop.deviceId });
    const own = granted(founded(laptop, groupId, 'bob'), laptop, { userId: 'bob', device: laptop });
    // The last byte is one of a signature.
    const bent = own.with(-1, (own.at(-1) ?? 0) ^ 1);
    const asks = { requestId: newRequestId(), groupId, proof: bent };
    const message = expect.stringContaining('it is of another group');
    await expect(bob.tracker.join_group(asks)).rejects.toMatchObject({ code: 'bad_proof', message });
    await expect(
      bob.tracker.create_group({ ...asks, requestId: newRequestId(), groupId: 'work' }),
    ).rejects.toMatchObject({
      code: 'bad_proof',
      message: expect.stringContaining('it is not of a founder'),
    });
  });

  it('lets in whom an admin signs for, with the epoch that was asked about', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(
      scene,
      signing(phone, () => founded(phone)),
    );
    const bob = await scene.logIn('bob', { deviceId: laptop.deviceId });
    expect(await join(bob)).toEqual({ status: 'member' });
    expect(await alice.next('peer_authentication')).toMatchObject({
      userId: 'bob',
      deviceIds: [laptop.deviceId],
      memberEpoch: 2,
    });
    const [{ membership } = { membership: undefined }] = (
      await bob.tracker.group_stamps({ groups: [groupId] })
    ).stamps;
    expect(checkProof(membership?.proof ?? new Uint8Array())).toMatchObject({
      isSound: true,
      member: { userId: 'bob', role: 'member', memberEpoch: 3, deviceId: laptop.deviceId },
    });
    expect((await alice.tracker.list_members({ groupId, after: '' })).members).toMatchObject([
      { userId: 'alice', role: 'admin', deviceIds: [phone.deviceId] },
      { userId: 'bob', role: 'member', deviceIds: [laptop.deviceId] },
    ]);
  });

  it('refuses proofs of anybody else, and lets in whom an admin accepts without one, but no device', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await scene.logIn('bob', { deviceId: laptop.deviceId });
    expect(await join(bob)).toEqual({ status: 'requested' });
    const accept = (...proofs: Uint8Array[]) =>
      alice.tracker.accept_request({ requestId: newRequestId(), groupId, userId: 'bob', proofs });
    const good = { userId: 'bob', device: laptop, memberEpoch: 3 };
    const { wallNow } = scene.clock;
    for (const [proof, code] of [
      [granted(founded(phone), phone, { ...good, userId: 'carol' }), 'bad_proof'],
      [granted(founded(phone), phone, { ...good, role: 'admin' }), 'bad_proof'],
      [granted(founded(phone), phone, { ...good, device: tablet }), 'bad_proof'],
      [granted(founded(phone), phone, { ...good, notAfterMs: wallNow.call(scene.clock) }), 'bad_proof'],
      [granted(founded(phone, groupId, 'alice', 2), phone, good), 'bad_proof'],
      [granted(founded(laptop), laptop, good), 'bad_proof'],
      [granted(founded(phone), phone, { ...good, memberEpoch: 4 }), 'group_changed'],
    ] as const)
      await expect(accept(proof)).rejects.toMatchObject({ code });
    const right = granted(founded(phone), phone, good);
    await expect(accept(right, right)).rejects.toMatchObject({ code: 'bad_proof' });
    const large = Array.from({ length: 10 }, () => new Uint8Array(6_000));
    await expect(accept(...large)).rejects.toMatchObject({ code: 'limit_reached' });
    await accept();
    expect((await bob.tracker.group_stamps({ groups: [groupId] })).stamps).toEqual([
      { groupId, memberEpoch: 3, membership: undefined, revoked: [] },
    ]);
  });

  it('lets a further device of a member in by another one of that user', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    let epoch = 0;
    const proof = granted(founded(phone), phone, { userId: 'bob', device: laptop, memberEpoch: 3 });
    const bob = await member(scene, 'bob', laptop, alice, async ({ memberEpoch, deviceIds }) => {
      epoch = memberEpoch;
      expect(deviceIds).toEqual([tablet.deviceId]);
      const step = { userId: 'bob', device: tablet, memberEpoch: memberEpoch + 1 };
      return { decision: 'accept', proofs: [granted(proof, laptop, step)] };
    });
    const again = await scene.logIn('bob', { deviceId: tablet.deviceId });
    expect(await join(again)).toEqual({ status: 'member' });
    expect(epoch).toBe(4);
    expect(again.untaken('peer_authentication')).toBe(0);
    expect((await stampOf(again))?.memberEpoch).toBe(5);
    await scene.clock.advanceAsync(0);
    // The member is told of no new standing that is not theirs.
    expect(await again.next('membership_changed')).toMatchObject({ standing: 'member' });
    await expect(join(again)).rejects.toMatchObject({ code: 'already_member' });
    await expect(join(bob)).rejects.toMatchObject({ code: 'already_member' });
  });

  it('leaves a further device outside when it is refused, and its user a member', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice, async () => ({ decision: 'refuse' }));
    const again = await scene.logIn('bob', { deviceId: tablet.deviceId });
    await scene.clock.advanceAsync(0);
    for (const peer of [bob, again])
      while (peer.untaken('membership_changed') > 0) await peer.next('membership_changed');
    await expect(join(again)).rejects.toMatchObject({ code: 'join_refused' });
    await scene.clock.advanceAsync(0);
    expect(again.untaken('membership_changed')).toBe(0);
    expect((await again.tracker.list_members({ groupId, after: '' })).members).toHaveLength(2);
  });

  it('is left by a member who waits for a further device, with the request', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    await bob.tracker.logout({});
    const again = await scene.logIn('bob', { deviceId: tablet.deviceId });
    expect(await join(again)).toEqual({ status: 'requested' });
    expect((await again.tracker.list_requests({ groupId: '', after: '' })).requests).toMatchObject([
      { userId: 'bob', deviceIds: [tablet.deviceId] },
    ]);
    await again.tracker.leave_group({ requestId: newRequestId(), groupId });
    expect((await alice.tracker.list_members({ groupId, after: '' })).members).toHaveLength(1);
    expect((await alice.tracker.list_requests({ groupId, after: '' })).requests).toEqual([]);
  });
});

describe('an invitation', () => {
  const key = invitationKey(new Uint8Array(16).fill(5));
  const invite = (notAfterMs = FOREVER, memberEpoch = 3): Uint8Array =>
    granted(founded(phone), phone, { userId: 'alice', device: key, role: 'invite', memberEpoch, notAfterMs });
  const { deviceId: inviteId } = key;

  it('lets whoever has its code in at once, so often as it says', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    await alice.tracker.create_invitation({
      requestId: newRequestId(),
      groupId,
      proof: invite(),
      maxUses: 1,
    });
    expect((await alice.tracker.list_invitations({ groupId })).invitations).toMatchObject([
      { inviteId, invitedBy: 'alice', maxUses: 1, uses: 0, expiresAtMs: FOREVER },
    ]);
    const bob = await scene.logIn('bob', { deviceId: laptop.deviceId });
    const { proof, memberEpoch } = await bob.tracker.find_invitation({ groupId, inviteId });
    const own = granted(proof, key, { userId: 'bob', device: laptop, memberEpoch: memberEpoch + 1 });
    expect(await join(bob, own)).toEqual({ status: 'member' });
    expect(await stampOf(bob)).toMatchObject({ memberEpoch: 4 });
    expect(alice.untaken('peer_authentication')).toBe(0);
    await scene.clock.advanceAsync(0);
    expect(await bob.next('membership_changed')).toMatchObject({ standing: 'member' });
    const carol = await scene.logIn('carol', { deviceId: tablet.deviceId });
    const late = granted(proof, key, { userId: 'carol', device: tablet, memberEpoch: 3 });
    await expect(join(carol, late)).rejects.toMatchObject({ code: 'unknown_invitation' });
    await expect(carol.tracker.find_invitation({ groupId, inviteId })).rejects.toMatchObject({
      code: 'unknown_invitation',
    });
    expect((await alice.tracker.list_invitations({ groupId })).invitations).toEqual([]);
  });

  it('is over at its time, or when it is revoked', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const create = (proof: Uint8Array) =>
      alice.tracker.create_invitation({ requestId: newRequestId(), groupId, proof, maxUses: 5 });
    const bob = await scene.logIn('bob', { deviceId: laptop.deviceId });
    await create(invite(scene.clock.wallNow() + 1_000));
    await scene.clock.advanceAsync(1_000);
    await expect(bob.tracker.find_invitation({ groupId, inviteId })).rejects.toMatchObject({
      code: 'invitation_expired',
    });
    const own = granted(invite(scene.clock.wallNow()), key, { userId: 'bob', device: laptop });
    await expect(join(bob, own)).rejects.toMatchObject({ code: 'invitation_expired' });
    expect((await alice.tracker.list_invitations({ groupId })).invitations).toEqual([]);
    await alice.tracker.revoke_invitation({ requestId: newRequestId(), groupId, inviteId });
    await create(invite());
    const { requestId } = { requestId: newRequestId() };
    await alice.tracker.revoke_invitation({ requestId, groupId, inviteId });
    await expect(bob.tracker.find_invitation({ groupId, inviteId })).rejects.toMatchObject({
      code: 'unknown_invitation',
    });
  });

  it('is made by admins, by a proof for an invitation, and used by a proof that its key signed', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    const create = (peer: TestPeer, proof: Uint8Array, maxUses = 1) =>
      peer.tracker.create_invitation({ requestId: newRequestId(), groupId, proof, maxUses });
    await expect(create(bob, invite())).rejects.toMatchObject({ code: 'not_an_admin' });
    const wrong = granted(founded(phone), phone, { userId: 'alice', device: key, role: 'member' });
    await expect(create(alice, wrong)).rejects.toMatchObject({ code: 'bad_proof' });
    await expect(create(alice, invite(), 0)).rejects.toMatchObject({ code: 'limit_reached' });
    await expect(create(alice, invite(), 1_001)).rejects.toMatchObject({ code: 'limit_reached' });
    await create(alice, invite());
    await expect(create(alice, invite())).rejects.toMatchObject({ code: 'bad_proof' });
    const carol = await scene.logIn('carol', { deviceId: tablet.deviceId });
    for (const proof of [
      granted(founded(phone), phone, { userId: 'carol', device: tablet }),
      granted(invite(), key, { userId: 'bob', device: tablet }),
      granted(invite(), key, { userId: 'carol', device: desktop }),
      granted(invite(FOREVER - 1), key, { userId: 'carol', device: tablet }),
    ])
      await expect(join(carol, proof)).rejects.toMatchObject({ code: 'bad_proof' });
    await expect(bob.tracker.list_invitations({ groupId })).rejects.toMatchObject({ code: 'not_an_admin' });
    const revoke = { requestId: newRequestId(), groupId, inviteId };
    await expect(bob.tracker.revoke_invitation(revoke)).rejects.toMatchObject({ code: 'not_an_admin' });
  });
});

describe('removal', () => {
  it('tells every member at once which devices are out, and the removed that they are', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    const carol = await member(scene, 'carol', tablet, alice);
    const file = testFile('a.bin');
    await carol.tracker.upload_file({ requestId: newRequestId(), groupId, file });
    await bob.announce(groupId, file.root);
    await alice.tracker.remove_member({ requestId: newRequestId(), groupId, userId: 'bob' });
    // No clock was moved: this is the same turn.
    for (const peer of [alice, carol])
      expect(await peer.next('devices_revoked')).toEqual({
        groupId,
        memberEpoch: 7,
        userId: 'bob',
        deviceIds: [laptop.deviceId],
      });
    expect(bob.untaken('devices_revoked')).toBe(0);
    // Who was away learns of it with the next stamp.
    expect((await carol.tracker.group_stamps({ groups: [groupId] })).stamps).toMatchObject([
      { revoked: [{ userId: 'bob', deviceId: laptop.deviceId, memberEpoch: 7 }] },
    ]);
    expect((await alice.tracker.list_file({ groupId, after: '' })).files).toMatchObject([{ seeders: 0 }]);
    expect((await bob.tracker.group_stamps({ groups: [groupId] })).stamps).toEqual([]);
    await scene.clock.advanceAsync(0);
    await bob.next('membership_changed');
    expect(await bob.next('membership_changed')).toMatchObject({ standing: 'removed' });
  });

  it('is for admins, and of others', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    const remove = (peer: TestPeer, userId: string) =>
      peer.tracker.remove_member({ requestId: newRequestId(), groupId, userId });
    await expect(remove(bob, 'alice')).rejects.toMatchObject({ code: 'not_an_admin' });
    const proofsOf = (peer: TestPeer, userId: string) => peer.tracker.member_proofs({ groupId, userId });
    await expect(proofsOf(bob, 'alice')).rejects.toMatchObject({ code: 'not_an_admin' });
    expect((await proofsOf(alice, 'bob')).proofs).toHaveLength(1);
    expect((await proofsOf(alice, 'carol')).proofs).toEqual([]);
    await expect(remove(alice, 'alice')).rejects.toMatchObject({ code: 'not_allowed' });
    await expect(remove(alice, 'carol')).rejects.toMatchObject({ code: 'not_a_member' });
    await expect(alice.tracker.leave_group({ requestId: newRequestId(), groupId })).rejects.toThrow(
      'make another member an admin first',
    );
  });

  it('of a device by its user is told in its groups, of which the user stays a member', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    await bob.tracker.revoke_device({ requestId: newRequestId(), deviceId: laptop.deviceId });
    expect(await alice.next('devices_revoked')).toEqual({
      groupId,
      memberEpoch: 5,
      userId: 'bob',
      deviceIds: [laptop.deviceId],
    });
    expect((await alice.tracker.list_members({ groupId, after: '' })).members).toMatchObject([
      { userId: 'alice' },
      { userId: 'bob', deviceIds: [] },
    ]);
  });
});

describe('an admin on a device that nothing lets in', () => {
  const invitation = invitationKey(new Uint8Array(16).fill(7));

  it('is asked about nobody, and can change nothing, until another device lets that one in', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    await member(scene, 'bob', laptop, alice);
    const requestId = newRequestId;
    const proof = granted(founded(phone), phone, {
      ...{ userId: 'alice', device: invitation, role: 'invite', memberEpoch: 5 },
    });
    await alice.tracker.create_invitation({ requestId: requestId(), groupId, proof, maxUses: 1 });
    // Somebody who knows the password, on a device of their own.
    const thief = await scene.logIn('alice', { deviceId: desktop.deviceId });
    const carol = await scene.logIn('carol', { deviceId: tablet.deviceId });
    expect(await join(carol)).toEqual({ status: 'requested' });
    await alice.next('peer_authentication');
    expect(thief.untaken('peer_authentication')).toBe(0);
    const forged = granted(founded(phone), phone, { userId: 'bob', device: laptop, memberEpoch: 5 });
    const tries = (peer: TestPeer) => [
      peer.tracker.accept_request({ requestId: requestId(), groupId, userId: 'carol', proofs: undefined }),
      peer.tracker.reject_request({ requestId: requestId(), groupId, userId: 'carol' }),
      peer.tracker.remove_member({ requestId: requestId(), groupId, userId: 'bob' }),
      peer.tracker.set_role({ requestId: requestId(), groupId, userId: 'bob', role: 'admin', proofs: [] }),
      peer.tracker.create_invitation({ requestId: requestId(), groupId, proof: forged, maxUses: 1 }),
      peer.tracker.revoke_invitation({ requestId: requestId(), groupId, inviteId: invitation.deviceId }),
    ];
    for (const outcome of await Promise.allSettled(tries(thief)))
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'not_admitted', message: expect.stringContaining('ask for it with join_group') },
      });
    const { members } = await alice.tracker.list_members({ groupId, after: '' });
    expect(members).toMatchObject([{ role: 'admin' }, { userId: 'bob', role: 'member' }]);
    expect((await alice.tracker.list_invitations({ groupId })).invitations).toHaveLength(1);
    // As the message says.
    const own = join(thief);
    await turn();
    const waiting = () => alice.tracker.list_requests({ groupId, after: '' });
    const memberEpoch = ((await waiting()).requests[0]?.memberEpoch ?? 0) + 1;
    const letIn = { userId: 'alice', device: desktop, role: 'admin', memberEpoch } as const;
    const proofs = [granted(founded(phone), phone, letIn)];
    await alice.tracker.accept_request({ requestId: requestId(), groupId, userId: 'alice', proofs });
    await own;
    await thief.tracker.reject_request({ requestId: requestId(), groupId, userId: 'carol' });
    expect((await waiting()).requests).toEqual([]);
  });

  it('signs by nobody else than that very device', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const [letIn] = [
      granted(founded(phone), phone, { userId: 'alice', device: desktop, role: 'admin', memberEpoch: 3 }),
    ];
    const second = await scene.logIn('alice', { deviceId: desktop.deviceId });
    const own = join(second);
    await turn();
    await alice.tracker.accept_request({
      requestId: newRequestId(),
      groupId,
      userId: 'alice',
      proofs: [letIn],
    });
    await own;
    const invite = granted(founded(phone), phone, {
      ...{ userId: 'alice', device: invitation, role: 'invite', memberEpoch: 4 },
    });
    const create = { requestId: newRequestId(), groupId, proof: invite, maxUses: 1 };
    await expect(second.tracker.create_invitation(create)).rejects.toMatchObject({ code: 'bad_proof' });
  });

  it('is one whose grant has expired, too, which may only sign a new one for itself', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    const notAfterMs = scene.clock.wallNow() + 60_000;
    const asAdmin = { userId: 'bob', device: laptop, role: 'admin' } as const;
    const short = granted(founded(phone), phone, { ...asAdmin, memberEpoch: 5, notAfterMs });
    const set = {
      requestId: newRequestId(),
      groupId,
      userId: 'bob',
      role: 'admin',
      proofs: [short],
    } as const;
    await alice.tracker.set_role(set);
    const remove = (userId: string) =>
      bob.tracker.remove_member({ requestId: newRequestId(), groupId, userId });
    await expect(remove('carol')).rejects.toMatchObject({ code: 'not_a_member' });
    await scene.clock.advanceAsync(60_000);
    await expect(remove('carol')).rejects.toMatchObject({ code: 'not_admitted' });
    const joining = join(bob);
    await turn();
    const { requests } = await bob.tracker.list_requests({ groupId: '', after: '' });
    const memberEpoch = (requests[0]?.memberEpoch ?? 0) + 1;
    const proofs = [granted(short, laptop, { ...asAdmin, memberEpoch })];
    await bob.tracker.accept_request({ requestId: newRequestId(), groupId, userId: 'bob', proofs });
    expect(await joining).toEqual({ status: 'member' });
    await expect(remove('carol')).rejects.toMatchObject({ code: 'not_a_member' });
  });

  it('may do as before in a group without proofs', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice', { deviceId: phone.deviceId });
    await alice.createGroup(groupId);
    const second = await scene.logIn('alice', { deviceId: desktop.deviceId });
    const bob = await scene.logIn('bob', { deviceId: laptop.deviceId });
    const joining = join(bob);
    await second.next('peer_authentication');
    await second.tracker.accept_request({
      requestId: newRequestId(),
      groupId,
      userId: 'bob',
      proofs: undefined,
    });
    expect(await joining).toEqual({ status: 'member' });
    await second.tracker.remove_member({ requestId: newRequestId(), groupId, userId: 'bob' });
  });
});

describe('roles', () => {
  it('change with the proofs of all devices, and the old ones are told to be void', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    const set = (peer: TestPeer, userId: string, role: 'admin' | 'member', proofs: readonly Uint8Array[]) =>
      peer.tracker.set_role({ requestId: newRequestId(), groupId, userId, role, proofs });
    const admin = { userId: 'bob', device: laptop, role: 'admin', memberEpoch: 5 } as const;
    const proof = granted(founded(phone), phone, admin);
    const early = granted(founded(phone), phone, { ...admin, memberEpoch: 4 });
    await expect(set(alice, 'bob', 'admin', [early])).rejects.toMatchObject({ code: 'group_changed' });
    await expect(set(bob, 'bob', 'admin', [proof])).rejects.toMatchObject({ code: 'not_an_admin' });
    await set(alice, 'bob', 'admin', [proof]);
    expect(await alice.next('devices_revoked')).toMatchObject({
      memberEpoch: 5,
      deviceIds: [laptop.deviceId],
    });
    expect((await stampOf(bob))?.memberEpoch).toBe(6);
    await scene.clock.advanceAsync(0);
    await bob.next('membership_changed');
    expect(await bob.next('membership_changed')).toMatchObject({ standing: 'admin' });
    await set(alice, 'bob', 'admin', []);
    // bob unmakes alice, and then nobody is left to unmake bob.
    const down = { userId: 'alice', device: phone, memberEpoch: 7 };
    await set(bob, 'alice', 'member', [granted(proof, laptop, down)]);
    expect((await stampOf(alice))?.memberEpoch).toBe(8);
    await expect(set(bob, 'bob', 'member', [])).rejects.toMatchObject({ code: 'last_admin' });
  });
});

describe('an admin who is none any more', () => {
  it('lets nobody in, by a proof from before or by an invitation, and signs for nobody else', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    await member(scene, 'bob', laptop, alice);
    const own = founded(phone);
    const set = (role: 'admin' | 'member', proof: Uint8Array) =>
      alice.tracker.set_role({ requestId: newRequestId(), groupId, userId: 'bob', role, proofs: [proof] });
    const bobAs = (role: 'admin' | 'member', memberEpoch: number): Uint8Array =>
      granted(own, phone, { userId: 'bob', device: laptop, role, memberEpoch });
    await set('admin', bobAs('admin', 5));
    const key = invitationKey(new Uint8Array(16).fill(6));
    const invitation = { userId: 'bob', device: key, role: 'invite', memberEpoch: 7 } as const;
    const invite = granted(bobAs('admin', 5), laptop, invitation);
    const bob = await scene.logIn('bob', { deviceId: laptop.deviceId });
    await bob.tracker.create_invitation({ requestId: newRequestId(), groupId, proof: invite, maxUses: 5 });
    const carol = await scene.logIn('carol', { deviceId: tablet.deviceId });
    expect(await join(carol)).toEqual({ status: 'requested' });
    const byBob = { userId: 'carol', device: tablet, memberEpoch: 6 };
    const accept = (peer: TestPeer, proof: Uint8Array) => {
      const request = { requestId: newRequestId(), groupId, userId: 'carol', proofs: [proof] };
      return peer.tracker.accept_request(request);
    };
    // A sound proof, but not one by the user who asks.
    await expect(accept(alice, granted(bobAs('admin', 5), laptop, byBob))).rejects.toMatchObject({
      code: 'bad_proof',
    });
    await set('member', bobAs('member', 7));
    expect((await alice.tracker.list_invitations({ groupId })).invitations).toEqual([]);
    await expect(join(carol, granted(invite, key, byBob))).rejects.toMatchObject({
      code: 'unknown_invitation',
    });
    await expect(accept(bob, granted(bobAs('admin', 5), laptop, byBob))).rejects.toMatchObject({
      code: 'not_an_admin',
    });
  });
});

describe('a signed file', () => {
  it('is listed and made with its signature, and with the proof of who shared it', async () => {
    await using scene = await createMemoryScene();
    const alice = await founder(scene);
    const bob = await member(scene, 'bob', laptop, alice);
    const share = (name: string, signer: Identity, signedName = name) => {
      const file = testFile(name);
      const signature = signFile(signer, { groupId, userId: 'bob', file: testFile(signedName) });
      return bob.tracker.upload_file({ requestId: newRequestId(), groupId, file, signature });
    };
    await expect(share('a.bin', laptop, 'b.bin')).rejects.toMatchObject({ code: 'bad_signature' });
    await expect(share('a.bin', tablet)).rejects.toMatchObject({ code: 'bad_signature' });
    for (const name of ['a.bin', 'b.bin']) await share(name, laptop);
    await alice.tracker.upload_file({ requestId: newRequestId(), groupId, file: testFile('c.bin') });
    const { files, sharers } = await alice.tracker.list_file({ groupId, after: '' });
    expect(files.map(({ signature }) => signature?.publicKey)).toEqual([
      laptop.publicKey,
      laptop.publicKey,
      undefined,
    ]);
    expect(sharers).toEqual([
      granted(founded(phone), phone, { userId: 'bob', device: laptop, memberEpoch: 3 }),
    ]);
    await alice.tracker.download_file({ groupId, name: 'b.bin' });
    await scene.clock.advanceAsync(0);
    expect(await alice.next('make_file')).toMatchObject({
      signature: { publicKey: laptop.publicKey },
      sharer: sharers[0],
    });
  });
});

async function founder(scene: MemoryScene, decide?: Decide): Promise<TestPeer> {
  const alice = await scene.logIn('alice', { deviceId: phone.deviceId, ...(decide && { decide }) });
  await alice.tracker.create_group({ requestId: newRequestId(), groupId, proof: founded(phone) });
  return alice;
}

/** An admin's peer that lets everybody in. */
function signing(admin: Identity, own: () => Uint8Array): Decide {
  return async ({ userId, deviceIds, memberEpoch }) => {
    const devices = [phone, laptop, tablet, desktop].filter((one) =>
      deviceIds.some((id) => Buffer.from(id).equals(one.deviceId)),
    );
    const proofs = devices.map((one) =>
      granted(own(), admin, { userId, device: one, memberEpoch: memberEpoch + 1 }),
    );
    return { decision: 'accept', proofs };
  };
}

/** Lets a user in by alice's accept_request. */
async function member(
  scene: MemoryScene,
  userId: string,
  identity: Identity,
  alice: TestPeer,
  decide?: Decide,
): Promise<TestPeer> {
  const peer = await scene.logIn(userId, { deviceId: identity.deviceId, ...(decide && { decide }) });
  const joining = join(peer);
  await turn();
  const { requests } = await alice.tracker.list_requests({ groupId, after: '' });
  const memberEpoch = (requests[0]?.memberEpoch ?? 0) + 1;
  const proofs = [granted(founded(phone), phone, { userId, device: identity, memberEpoch })];
  await alice.tracker.accept_request({ requestId: newRequestId(), groupId, userId, proofs });
  await joining;
  return peer;
}

function join(peer: TestPeer, proof?: Uint8Array): Promise<{ readonly status: string }> {
  return peer.tracker.join_group({ requestId: newRequestId(), groupId, proof });
}

async function stampOf(
  peer: TestPeer,
): Promise<{ readonly memberEpoch: number; readonly notAfterMs: number } | undefined> {
  const [one] = (await peer.tracker.group_stamps({ groups: [groupId] })).stamps;
  return readStamp(one?.membership?.stamp ?? new Uint8Array())?.stamp;
}
