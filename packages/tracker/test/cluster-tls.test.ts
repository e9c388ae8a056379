/** Two trackers and a witness over real sockets: they run, and whoever has another key gets nothing out of them. */
import { whoToExpect } from '@minitorrent/rpc-core';
import { createIdentity, formatDeviceId } from '@minitorrent/rpc-core/identity';
import { describe, expect, it } from 'vitest';
import { openWitnessRegister } from '../src/witness.ts';
import { CLUSTER_ID, identityOf, memberRequest } from './helpers/cluster-scene.ts';
import { newRequestId } from './helpers/peers.ts';
import { openTlsScene, type TlsScene } from './helpers/tls-scene.ts';

const POLL = { interval: 20 };
const stranger = createIdentity();
const notAllowed = { code: 'not_allowed', message: 'This is for the trackers of the cluster only' };

describe('a pair of trackers and a witness over TLS', () => {
  it('come in sync, forward changes, and go on when the primary is killed', async () => {
    await using scene = await startedPair();
    const bob = await scene.connect(1, createIdentity());
    await bob.signUp('bob');
    await bob.createGroup('friends');
    await scene.kill(0);
    await expect.poll(() => scene.tracker(1).status().role, POLL).toBe('primary');
    await bob.createGroup('climbers');
    const { groups } = await bob.tracker.list_groups({ after: '' });
    expect(groups.map(({ groupId }) => groupId)).toEqual(['climbers', 'friends']);
    expect(scene.tracker(1).status().faults).toEqual([]);
  });

  it('give nothing to a stranger who knows the id of the cluster, and tell nothing but their operator', async () => {
    await using scene = await startedPair();
    const { tracker } = await scene.connect(0, stranger);
    const change = {
      kind: 'create_group',
      groupId: 'g',
      userId: 'u',
      byDevice: new Uint8Array(32),
      atMs: 0,
    } as const;
    for (const clusterId of [CLUSTER_ID, new Uint8Array(16)]) {
      const forwarded = tracker.forward({ clusterId, requestId: newRequestId(), change });
      await expect(tracker.sync(memberRequest(clusterId))).rejects.toMatchObject(notAllowed);
      await expect(forwarded).rejects.toMatchObject(notAllowed);
    }
    expect(scene.tracker(0).status().faults).toMatchObject([
      { reason: expect.stringContaining(formatDeviceId(stranger.deviceId)) },
    ]);
  });

  it('have a witness that says not a word to a stranger', async () => {
    await using scene = await startedPair();
    const network = scene.networkOf(stranger);
    const channel = await network.connect(scene.witnessPlace, whoToExpect(network, scene.witnessPlace));
    const ended = Promise.withResolvers<Error | undefined>();
    const heard: Uint8Array[] = [];
    channel.start({
      bytes: (chunk) => heard.push(chunk),
      drain: () => undefined,
      end: () => undefined,
      close: ended.resolve,
    });
    expect(await ended.promise).toBeInstanceOf(Error);
    expect(heard).toEqual([]);
    const { epoch } = scene.witness.config;
    await using register = openWitnessRegister({
      network,
      address: scene.witnessPlace,
      clusterId: CLUSTER_ID,
    });
    expect(await register.read()).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('does not admit'),
    });
    const config = { epoch: epoch + 1, primary: 'ee'.repeat(16), inSync: ['ee'.repeat(16)] };
    expect(await register.compareAndSwap(epoch, config)).toMatchObject({ kind: 'unknown' });
    expect(scene.witness.config.epoch).toBe(epoch);
  });

  it('do not take a tracker back that has another key', async () => {
    await using scene = await startedPair();
    await scene.kill(1);
    await expect.poll(() => scene.witness.config.inSync.length, POLL).toBe(1);
    await scene.start(1, stranger);
    const reasonsAt = (at: number): string =>
      scene
        .tracker(at)
        .status()
        .faults.map(({ reason }) => reason)
        .join('\n');
    await expect.poll(() => reasonsAt(0), POLL).toContain(formatDeviceId(stranger.deviceId));
    expect(reasonsAt(0)).toContain(formatDeviceId(identityOf(1).deviceId));
    await expect.poll(() => reasonsAt(1), POLL).toMatch(/does not admit/);
    const { headIndex } = scene.tracker(1).status();
    const alice = await scene.connect(0, createIdentity());
    await alice.signUp('alice');
    expect(scene.tracker(1).status().headIndex).toBe(headIndex);
    expect(scene.witness.config.inSync).toHaveLength(1);
  });
});

async function startedPair(): Promise<TlsScene> {
  const scene = await openTlsScene();
  await scene.start(0);
  await expect.poll(() => scene.tracker(0).status().role, POLL).toBe('primary');
  await scene.start(1);
  await expect.poll(() => scene.witness.config.inSync.length, POLL).toBe(2);
  return scene;
}
