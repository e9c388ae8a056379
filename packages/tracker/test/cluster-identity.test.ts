/** Trackers that prove who they are: what those are told that are none of the cluster, and what operators are. */
import { type Network, RpcError } from '@minitorrent/rpc-core';
import { createIdentity, formatDeviceId } from '@minitorrent/rpc-core/identity';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { CLUSTER_TIMES } from '../src/cluster/options.ts';
import { OtherTrackers } from '../src/cluster/other-trackers.ts';
import { createMemoryJournal } from '../src/journal/memory-journal.ts';
import { openWitnessRegister } from '../src/witness.ts';
import {
  CLUSTER_ID,
  type ClusterScene,
  type ClusterSceneOptions,
  createClusterScene,
  identityOf,
  memberRequest,
} from './helpers/cluster-scene.ts';
import { newRequestId, startTracker } from './helpers/peers.ts';

const stranger = createIdentity();
const change = {
  kind: 'create_group',
  groupId: 'g',
  userId: 'u',
  byDevice: new Uint8Array(32),
  atMs: 0,
} as const;

describe('a tracker of a cluster', () => {
  it('tells nothing to devices that are none of its trackers, whatever they know', async () => {
    await using scene = await startedPair();
    const known = await scene.connect(0, { network: scene.networkOf('far', stranger.deviceId) });
    const unproved = await scene.connect(0);
    const answers: unknown[] = [];
    for (const { tracker } of [known, unproved]) {
      for (const clusterId of [CLUSTER_ID, new Uint8Array(16)]) {
        answers.push(
          await failureOf(tracker.sync(memberRequest(clusterId))),
          await failureOf(tracker.forward({ clusterId, requestId: newRequestId(), change })),
        );
      }
    }
    expect(new Set(answers)).toEqual(new Set(['not_allowed: This is for the trackers of the cluster only']));
    expect(scene.cell.config.inSync).toHaveLength(2);
  });

  it('tells its operator of a device that knows the id of the cluster, and seldom of the next', async () => {
    await using scene = await startedPair();
    const others = [stranger, createIdentity(), createIdentity()];
    const ask = async ({ deviceId }: { readonly deviceId: Uint8Array }): Promise<void> => {
      const { tracker } = await scene.connect(0, { network: scene.networkOf('far', deviceId) });
      await failureOf(tracker.sync(memberRequest(CLUSTER_ID)));
    };
    for (const other of others) await ask(other);
    const told = () =>
      scene
        .tracker(0)
        .status()
        .faults.map(({ reason }) => reason);
    expect(told()).toEqual([expect.stringMatching(/^Somebody at far knows the id of this cluster/)]);
    expect(told()[0]).toContain(formatDeviceId(stranger.deviceId));
    await scene.clock.advanceAsync(CLUSTER_TIMES.strangerMs);
    await ask({ deviceId: identityOf(7).deviceId });
    expect(told()[0]).toContain(formatDeviceId(identityOf(7).deviceId));
  });

  it('does not follow another device than the pin of its primary says, and shows both', async () => {
    await using scene = createClusterScene({
      pin: (at, other) => (at === 1 ? stranger : identityOf(other)).deviceId,
    });
    await scene.start(0);
    await scene.until(() => scene.roles()[0] === 'primary');
    await scene.start(1);
    await scene.until(() => scene.tracker(1).status().faults.length > 0);
    const { reason } = scene.tracker(1).status().faults[0] ?? {};
    expect(reason).toContain(formatDeviceId(stranger.deviceId));
    expect(reason).toContain(formatDeviceId(identityOf(0).deviceId));
    expect(reason).toMatch(/tracker-0:7700/);
  });

  it('is told when the others were given another pin for it', async () => {
    await using scene = createClusterScene({
      pin: (at, other) => (at === 0 ? stranger : identityOf(other)).deviceId,
    });
    await scene.start(0);
    await scene.until(() => scene.roles()[0] === 'primary');
    await scene.start(1);
    await scene.until(() => scene.tracker(1).status().faults.length > 0);
    const reasonAt = (at: number): string => scene.tracker(at).status().faults[0]?.reason ?? '';
    expect(reasonAt(1)).toMatch(/does not take this one for one of its cluster/);
    expect(reasonAt(1)).toContain(formatDeviceId(identityOf(1).deviceId));
    expect(scene.cell.config.inSync).toHaveLength(1);
    expect(scene.tracker(1).status().headIndex).toBe(0);
  });

  it('is told when another one stands alone', async () => {
    await using scene = createClusterScene();
    await using _alone = await startTracker({
      network: scene.networkOf('tracker-1', identityOf(1).deviceId),
      address: { host: 'tracker-1', port: 7_700 },
      clock: scene.clock,
    });
    await scene.start(0);
    await scene.until(() => scene.tracker(0).status().faults.length > 0);
    expect(scene.tracker(0).status().faults[0]?.reason).toMatch(/tracker-1:7700 .* stands alone/);
  });

  it('says no_primary where the primary does not take it for one of its cluster', async () => {
    await using scene = createClusterScene({
      pin: (at, other) => (at === 0 ? stranger : identityOf(other)).deviceId,
    });
    await scene.start(0);
    await scene.until(() => scene.roles()[0] === 'primary');
    await scene.start(1);
    const bob = await scene.connect(1);
    await expect(scene.outcome(bob.signUp('bob'))).rejects.toMatchObject({ code: 'no_primary' });
  });

  it('decides nothing any more beside another one on a copy of its data, and neither does that one', async () => {
    await using scene = createClusterScene();
    const copied = copies();
    await scene.start(0, { journal: copied() });
    await scene.until(() => scene.roles()[0] === 'primary');
    const { epoch } = scene.cell.config;
    const alice = await scene.logIn(0, 'alice');
    await scene.start(1, { journal: copied() });
    await scene.until(() => scene.roles().join() === 'failed,failed');
    for (const at of [0, 1]) {
      const { reason, faults } = scene.tracker(at).status();
      expect(reason).toMatch(
        /^Another tracker, at tracker-[01].*, runs on a copy of the data folder of this one/,
      );
      expect(reason).toContain('give it an empty folder, then start both again');
      expect(faults.map((fault) => fault.reason)).toContain(reason);
    }
    await expect(scene.outcome(alice.createGroup('friends'))).rejects.toMatchObject({ code: 'store_copied' });
    expect(() => scene.tracker(0).promote()).toThrow();
    // The one that came later has never been primary.
    await scene.clock.advanceAsync(60_000);
    expect(scene.cell.config.epoch).toBe(epoch);
    expect(scene.roles()).toEqual(['failed', 'failed']);
  });

  it('leads again beside another one whose copy was replaced by an empty folder', async () => {
    await using scene = createClusterScene();
    const copied = copies();
    await scene.start(0, { journal: copied() });
    await scene.until(() => scene.roles()[0] === 'primary');
    await scene.start(1, { journal: copied() });
    await scene.until(() => scene.roles().join() === 'failed,failed');
    for (const at of [0, 1]) await scene.kill(at);
    await scene.start(0, { journal: copied() });
    await scene.start(1);
    await scene.until(() => scene.roles().join() === 'primary,backup');
    await scene.until(() => scene.cell.config.inSync.length === 2);
  });

  it('leaves the lead to a third one that is in sync where two have the same data', async () => {
    await using scene = createClusterScene({ trackers: 3 });
    const copied = copies();
    await scene.start(0, { journal: copied() });
    await scene.until(() => scene.roles()[0] === 'primary');
    await scene.start(1);
    await scene.until(() => scene.cell.config.inSync.length === 2);
    await scene.start(2, { journal: copied() });
    await scene.until(() => scene.roles().join() === 'failed,primary,failed');
    const bob = await scene.logIn(1, 'bob');
    await scene.outcome(bob.createGroup('friends'));
  });

  it('stops when a tracker calls that has its own store', async () => {
    await using scene = await startedPair();
    const asked = memberRequest(CLUSTER_ID);
    const { storeId } = scene.tracker(0).status();
    const { tracker } = await scene.connect(0, {
      network: scene.networkOf('tracker-1', identityOf(1).deviceId),
    });
    const message = { ...asked, member: asked.member && { ...asked.member, storeId } };
    expect(await failureOf(tracker.sync(message))).toMatch(/^store_copied/);
    await scene.until(() => scene.roles().join() === 'failed,primary');
  });

  it('does not start where it is named among the others, and does not take itself for a copy', async () => {
    await using scene = createClusterScene();
    const peers = [1, 0].map((at) => ({
      host: `tracker-${at}`,
      port: 7_700,
      pin: identityOf(at).deviceId,
    }));
    const starting = scene.start(0, { cluster: { clusterId: CLUSTER_ID, peers } });
    await expect(starting).rejects.toThrow(/itself: tracker-0:7700 was given with the device id of this one/);
  });

  it('does not start without the pin of another one', async () => {
    await using scene = createClusterScene();
    const peers = [{ host: 'tracker-1', port: 7_700 }];
    const starting = scene.start(0, { cluster: { clusterId: CLUSTER_ID, peers } });
    await expect(starting).rejects.toMatchObject({ code: 'no_pin' });
  });
});

describe('OtherTrackers', () => {
  it('connects seldom where another device answers, and never in a tight loop', async () => {
    const clock = createManualClock();
    const memory = createMemoryNetwork();
    const address = { host: 'other', port: 7_700, pin: identityOf(1).deviceId };
    await memory.from('other', stranger.deviceId).listen(address, (channel) => channel.destroy());
    const network = countConnects(memory.from('here', identityOf(0).deviceId));
    const faults: string[] = [];
    const onFault = (reason: string): void => void faults.push(reason);
    const others = new OtherTrackers({
      network,
      clock,
      clusterId: CLUSTER_ID,
      addresses: [address],
      self: 'here',
      onFault,
      onCopy: onFault,
    });
    const call = () =>
      failureOf(others.call('other:7700', (client) => client.tracker_status({ clusterId: CLUSTER_ID }), {}));
    for (let time = 0; time < 50; time += 1) expect(await call()).toMatch(/^wrong_identity/);
    expect([network.connects, faults.length]).toEqual([1, 1]);
    await clock.advanceAsync(CLUSTER_TIMES.impostorMs);
    expect(await call()).toMatch(/^wrong_identity/);
    expect([network.connects, faults.length]).toEqual([2, 2]);
    others.close();
  });
});

describe('openWitnessRegister', () => {
  const address = { host: 'witness', port: 7 };

  it('wants the pin of the witness where the network proves who answers', () => {
    const network = createMemoryNetwork().from('here', identityOf(0).deviceId);
    expect(() => openWitnessRegister({ network, address, clusterId: CLUSTER_ID })).toThrow(
      expect.objectContaining({ code: 'no_pin' }),
    );
  });

  it('asks nothing of another device, and connects to it seldom', async () => {
    const clock = createManualClock();
    const memory = createMemoryNetwork();
    await memory.from('witness', stranger.deviceId).listen(address, (channel) => channel.destroy());
    const network = countConnects(memory.from('here', identityOf(0).deviceId));
    const pinned = { ...address, pin: identityOf(1).deviceId };
    await using register = openWitnessRegister({ network, address: pinned, clusterId: CLUSTER_ID, clock });
    for (let time = 0; time < 50; time += 1) {
      const outcome = await register.read();
      expect(outcome).toMatchObject({ kind: 'unknown', why: expect.stringContaining('expected') });
    }
    expect(network.connects).toBe(1);
    await clock.advanceAsync(CLUSTER_TIMES.impostorMs);
    await register.read();
    expect(network.connects).toBe(2);
  });
});

/** Journals on copies of one empty store, each made when it is asked for. */
function copies(): () => ReturnType<typeof createMemoryJournal> {
  const storeId = new Uint8Array(16).fill(5);
  return () => createMemoryJournal({ records: [], snapshot: undefined, storeId });
}

async function startedPair(options: ClusterSceneOptions = {}): Promise<ClusterScene> {
  const scene = createClusterScene(options);
  await scene.start(0);
  await scene.until(() => scene.roles()[0] === 'primary');
  await scene.start(1);
  await scene.until(() => scene.cell.config.inSync.length === 2);
  return scene;
}

function countConnects(network: Network): Network & { readonly connects: number } {
  let connects = 0;
  return {
    ...network,
    connect: (address, options) => {
      connects += 1;
      return network.connect(address, options);
    },
    get connects() {
      return connects;
    },
  };
}

/** The code and the message of what `promise` fails with. */
async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'it did not fail';
  } catch (error) {
    return error instanceof RpcError ? `${error.code}: ${error.message}` : String(error);
  }
}
