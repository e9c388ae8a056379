/** Proofs, stamps and removals at several trackers: decided by one, told by all, vouched for by whoever knows the latest. */
import { describe, expect, it } from 'vitest';
import { readStamp, type Stamp } from '../src/membership/stamp.ts';
import { type ClusterScene, createClusterScene, identityOf } from './helpers/cluster-scene.ts';
import { newRequestId, type TestPeer } from './helpers/peers.ts';
import { device, founded, granted } from './membership/people.ts';

const groupId = 'friends';
const [phone, laptop] = [device(71), device(72)];

describe('a group with proofs at a pair of trackers', () => {
  it('is founded, joined and refused through a backup as by the primary', async () => {
    await using scene = await startedPair();
    const alice = await founder(scene, 1);
    const bob = await joined(scene, 1, alice);
    expect(await stampOf(scene, 0, 'bob', laptop.deviceId)).toMatchObject({ memberEpoch: 4 });
    const proofs = [granted(founded(phone), phone, { userId: 'bob', device: laptop, memberEpoch: 3 })];
    const set = { requestId: newRequestId(), groupId, userId: 'bob', role: 'admin', proofs } as const;
    await expect(scene.outcome(alice.tracker.set_role(set))).rejects.toMatchObject({ code: 'bad_proof' });
    const revoke = { requestId: newRequestId(), groupId, inviteId: phone.deviceId };
    await expect(scene.outcome(alice.tracker.revoke_invitation(revoke))).rejects.toMatchObject({
      code: 'unknown_invitation',
    });
    await expect(scene.outcome(bob.tracker.group_stamps({ groups: [groupId] }))).rejects.toMatchObject({
      code: 'not_primary',
    });
  });

  it('hears of a removal from every tracker, wherever it was decided', async () => {
    await using scene = await startedPair();
    const alice = await founder(scene, 0);
    await joined(scene, 0, alice);
    const elsewhere = await scene.logIn(1, 'alice', { deviceId: phone.deviceId });
    const removal = { requestId: newRequestId(), groupId, userId: 'bob' };
    await scene.outcome(elsewhere.tracker.remove_member(removal));
    for (const peer of [alice, elsewhere])
      expect(await scene.outcome(peer.next('devices_revoked'))).toMatchObject({
        memberEpoch: 5,
        deviceIds: [laptop.deviceId],
      });
  });

  it('has stamps whose epoch never falls, and which no tracker gives that may be behind', async () => {
    await using scene = await startedPair();
    const alice = await founder(scene, 0);
    await joined(scene, 0, alice);
    const before = await stampOf(scene, 0, 'bob', laptop.deviceId);
    await scene.kill(0);
    await scene.until(() => scene.roles()[1] === 'primary', 60_000);
    const after = await stampOf(scene, 1, 'bob', laptop.deviceId);
    expect(after?.memberEpoch).toBeGreaterThanOrEqual(before?.memberEpoch ?? Number.NaN);
    expect(after?.trackerId).toEqual(identityOf(1).deviceId);
    const again = await scene.logIn(1, 'alice', { deviceId: phone.deviceId });
    await scene.outcome(again.tracker.remove_member({ requestId: newRequestId(), groupId, userId: 'bob' }));
    expect(await stampOf(scene, 1, 'bob', laptop.deviceId)).toBeUndefined();
    expect(await stampOf(scene, 1, 'alice', phone.deviceId)).toMatchObject({ memberEpoch: 5 });
  });
});

async function startedPair(): Promise<ClusterScene> {
  const scene = createClusterScene();
  await scene.start(0);
  await scene.until(() => scene.roles()[0] === 'primary');
  await scene.start(1);
  await scene.until(() => scene.roles().join() === 'primary,backup');
  await scene.until(() => scene.cell.config.inSync.length === 2);
  return scene;
}

async function founder(scene: ClusterScene, at: number): Promise<TestPeer> {
  const alice = await scene.logIn(at, 'alice', { deviceId: phone.deviceId });
  const request = { requestId: newRequestId(), groupId, proof: founded(phone) };
  await scene.outcome(alice.tracker.create_group(request));
  return alice;
}

/** bob, whom alice lets in as soon as he asks. */
async function joined(scene: ClusterScene, at: number, alice: TestPeer): Promise<TestPeer> {
  const bob = await scene.logIn(at, 'bob', { deviceId: laptop.deviceId });
  const joining = bob.tracker.join_group({ requestId: newRequestId(), groupId });
  await scene.outcome(alice.next('peer_authentication'));
  const proofs = [granted(founded(phone), phone, { userId: 'bob', device: laptop, memberEpoch: 3 })];
  const accept = { requestId: newRequestId(), groupId, userId: 'bob', proofs };
  await scene.outcome(alice.tracker.accept_request(accept));
  await scene.outcome(joining);
  return bob;
}

async function stampOf(
  scene: ClusterScene,
  at: number,
  userId: string,
  deviceId: Uint8Array,
): Promise<(Stamp & { readonly trackerId: Uint8Array }) | undefined> {
  const peer = await scene.logIn(at, userId, { deviceId });
  const { stamps } = await scene.outcome(peer.tracker.group_stamps({ groups: [groupId] }));
  const read = readStamp(stamps[0]?.membership?.stamp ?? new Uint8Array());
  return read && { ...read.stamp, trackerId: read.trackerId };
}
