/** Devices at several trackers: bound at one, known at all, gone from all. */
import { createSeededRandom } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { CLUSTER_ID, type ClusterScene, createClusterScene, identityOf } from './helpers/cluster-scene.ts';
import { connectPeer, newRequestId, PASSWORD, type TestPeer } from './helpers/peers.ts';

describe('devices of a pair of trackers', () => {
  it('are bound through a backup, and go on there and at the primary without a password', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(1, 'alice', { isProved: true });
    const { deviceId } = alice;
    for (const at of [0, 1]) {
      const again = await scene.connect(at, { deviceId, isProved: true });
      await expect(resume(scene, again)).resolves.toMatchObject({ mayBeStale: at === 1 });
    }
    expect(scene.tracker(0).status().headIndex).toBe(2);
  });

  it('go on at a backup that cannot write, and log in there as well; a new one has to wait', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(0, 'alice', { isProved: true });
    const { deviceId } = alice;
    await scene.until(() => scene.tracker(1).status().committedIndex === 2);
    scene.isRegisterAway = true;
    await scene.kill(0);
    const beganMs = scene.clock.now();
    const again = await scene.connect(1, { deviceId, isProved: true });
    await resume(scene, again);
    expect(scene.clock.now() - beganMs).toBeLessThan(1_000);
    await again.tracker.logout({});
    await scene.outcome(logIn(again));
    const anew = await scene.connect(1, { isProved: true });
    await expect(scene.outcome(logIn(anew))).rejects.toMatchObject({ code: 'no_primary' });
  });

  it('are sent to another tracker where a backup may not know of them yet', async () => {
    await using scene = await startedPair();
    await scene.logIn(0, 'alice');
    const stranger = await scene.connect(1, { isProved: true });
    await expect(resume(scene, stranger)).rejects.toMatchObject({ code: 'not_primary' });
    const atPrimary = await scene.connect(0, { isProved: true });
    await expect(resume(scene, atPrimary)).rejects.toMatchObject({ code: 'unknown_device' });
  });

  it('are cut off at every tracker when they are revoked at one', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(0, 'alice');
    const { deviceId } = await scene.logIn(0, 'alice', { isProved: true });
    const lost = await Promise.all([0, 1].map((at) => scene.connect(at, { deviceId, isProved: true })));
    for (const peer of lost) await resume(scene, peer);
    const isCutOff = Promise.all(lost.map(({ connection }) => connection.closed));
    await scene.outcome(revoke(alice, deviceId));
    for (const reason of await scene.outcome(isCutOff)) {
      expect(reason).toMatchObject({ error: { code: 'device_revoked', remote: true } });
    }
    for (const at of [0, 1]) {
      const again = await scene.connect(at, { deviceId, isProved: true });
      await expect(resume(scene, again)).rejects.toMatchObject({ code: 'device_revoked' });
      await expect(scene.outcome(logIn(again))).rejects.toMatchObject({ code: 'device_revoked' });
    }
  });

  it('change nothing through a backup that has not heard yet that they are revoked', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(0, 'alice');
    const lost = await scene.logIn(1, 'alice');
    await scene.outcome(revoke(alice, lost.deviceId));
    // What that backup would send on.
    const asBackup = scene.networkOf('tracker-1', identityOf(1).deviceId);
    await using backup = await connectPeer({
      ...{ network: asBackup, clock: scene.clock, address: scene.tracker(0).address },
    });
    const forward = (groupId: string, byDevice: Uint8Array) => {
      const change = { kind: 'create_group', groupId, userId: 'alice', byDevice, atMs: 1 } as const;
      const request = { clusterId: CLUSTER_ID, requestId: newRequestId(), change };
      return scene.outcome(backup.tracker.forward(request));
    };
    await expect(forward('late', lost.deviceId)).rejects.toMatchObject({ code: 'device_revoked' });
    await forward('kept', alice.deviceId);
    const { groups } = await scene.outcome(alice.tracker.list_groups({ after: '' }));
    expect(groups).toMatchObject([{ groupId: 'kept' }]);
  });

  it('are told at a backup that they revoked themselves, and then cut off', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(1, 'alice');
    await scene.outcome(revoke(alice, alice.deviceId));
    expect(await scene.outcome(alice.connection.closed)).toMatchObject({ error: { code: 'device_revoked' } });
  });

  it('are refused through a backup as by the primary', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(1, 'alice');
    const unknown = revoke(alice, new Uint8Array(32).fill(9));
    await expect(scene.outcome(unknown)).rejects.toMatchObject({ code: 'unknown_device' });
  });

  it('are cut off by a tracker that hears of it by a snapshot, which has no events', async () => {
    const compaction = { leastBytes: 1, keepEntries: 1 };
    await using scene = await startedPair({ compaction });
    const alice = await scene.logIn(0, 'alice');
    const { deviceId } = await scene.logIn(0, 'alice', { isProved: true });
    const lost = await scene.connect(1, { deviceId, isProved: true });
    await resume(scene, lost);
    scene.cutOff = 1;
    await scene.until(() => scene.cell.config.inSync.length === 1);
    await scene.outcome(revoke(alice, deviceId));
    // One that starts drops what its journal has with the first new entry, and at the next start has no more than that.
    for (const seed of [50, 51]) {
      await scene.outcome(scene.kill(0));
      await scene.outcome(scene.start(0, { compaction, random: createSeededRandom(seed) }));
      await scene.until(() => scene.roles()[0] === 'primary');
      const bob = await scene.logIn(0, 'bob');
      for (const name of ['one', 'two']) await scene.outcome(bob.createGroup(`${name}-${seed}`));
    }
    expect(lost.connection.signal.aborted).toBe(false);
    scene.cutOff = undefined;
    expect(await scene.outcome(lost.connection.closed)).toMatchObject({ error: { code: 'device_revoked' } });
  });
});

async function startedPair(options: Parameters<ClusterScene['start']>[1] = {}): Promise<ClusterScene> {
  const scene = createClusterScene();
  await scene.start(0, options);
  await scene.until(() => scene.roles()[0] === 'primary');
  await scene.start(1, options);
  await scene.until(() => scene.roles().join() === 'primary,backup');
  await scene.until(() => scene.cell.config.inSync.length === 2);
  return scene;
}

function resume(
  scene: ClusterScene,
  { tracker }: TestPeer,
): ReturnType<TestPeer['tracker']['resume_session']> {
  return scene.outcome(tracker.resume_session({ userId: 'alice' }));
}

function logIn({ tracker, deviceId }: TestPeer): Promise<unknown> {
  return tracker.login({ userId: 'alice', password: PASSWORD, deviceId });
}

function revoke({ tracker }: TestPeer, deviceId: Uint8Array): Promise<unknown> {
  return tracker.revoke_device({ requestId: newRequestId(), deviceId });
}
