/** Two or more trackers as one, over connections, with the ledgers and the service that users meet. */
import { describe, expect, it } from 'vitest';
import type { ClusterOptions } from '../src/cluster/options.ts';
import { shortened } from '../src/cluster/shortened.ts';
import { TIMINGS } from '../src/replication/timings.ts';
import { CLUSTER_ID, type ClusterSceneOptions, createClusterScene } from './helpers/cluster-scene.ts';
import { newRequestId, PASSWORD } from './helpers/peers.ts';

describe('a pair of trackers', () => {
  it('founds a cluster, and the second one comes in sync', async () => {
    await using scene = createClusterScene();
    await scene.start(0);
    await scene.until(() => scene.roles()[0] === 'primary');
    await scene.start(1);
    await scene.until(() => scene.roles().join() === 'primary,backup');
    expect(scene.cell.config.inSync).toHaveLength(2);
  });

  it('shows at the backup what was changed at the primary, marked as possibly stale', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(0, 'alice');
    await alice.createGroup('friends');
    const bob = await scene.logIn(1, 'bob');
    await scene.clock.advanceAsync(300);
    const atBackup = await bob.tracker.list_groups({ after: '' });
    const atPrimary = await alice.tracker.list_groups({ after: '' });
    expect(atBackup.groups).toMatchObject([{ groupId: 'friends' }]);
    expect([atBackup.mayBeStale, atPrimary.mayBeStale]).toEqual([true, false]);
  });

  it('forwards a change from the backup, and shows it there at once', async () => {
    await using scene = await startedPair();
    const bob = await scene.logIn(1, 'bob');
    await scene.outcome(bob.createGroup('climbers'));
    expect((await bob.tracker.list_groups({ after: '' })).groups).toMatchObject([
      { groupId: 'climbers', standing: 'admin' },
    ]);
    const refused = scene.outcome(
      bob.tracker.create_group({ requestId: newRequestId(), groupId: 'climbers' }),
    );
    await expect(refused).rejects.toMatchObject({ code: 'group_exists', remote: true });
  });

  it('counts no failed login at a backup of somebody whom it does not know yet', async () => {
    await using scene = await startedPair();
    const bob = await scene.connect(1);
    const logIn = () => bob.tracker.login({ userId: 'bob', password: PASSWORD, deviceId: bob.deviceId });
    for (let attempt = 0; attempt < 20; attempt += 1) {
      await expect(logIn()).rejects.toMatchObject({ code: 'not_primary' });
    }
    const atPrimary = await scene.connect(0);
    await scene.outcome(atPrimary.signUp('bob'));
    await expect(scene.outcome(logIn())).resolves.toMatchObject({ mayBeStale: true });
  });

  it('goes on at the backup when the primary is gone, with everything that was acknowledged', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(0, 'alice');
    await alice.createGroup('friends');
    await scene.kill(0);
    await scene.until(() => scene.roles()[1] === 'primary');
    const carol = await scene.logIn(1, 'carol');
    expect(await carol.tracker.list_groups({ after: '' })).toMatchObject({
      groups: [{ groupId: 'friends' }],
      mayBeStale: false,
    });
  });

  it('lets a change wait through a failover instead of failing', async () => {
    await using scene = await startedPair();
    const bob = await scene.logIn(1, 'bob');
    await scene.kill(0);
    const made = bob.createGroup('climbers');
    await scene.outcome(made);
    expect(scene.roles()).toEqual(['down', 'primary']);
  });

  it('asks the one that took over at once, where the primary before has fallen silent', async () => {
    await using scene = await startedPair();
    const bob = await scene.logIn(1, 'bob');
    scene.cutOff = 0;
    const made = bob.createGroup('climbers');
    await scene.until(() => scene.roles()[1] === 'primary');
    const tookOverAtMs = scene.clock.now();
    await scene.outcome(made);
    expect(scene.clock.now() - tookOverAtMs).toBeLessThan(100);
  });

  it('takes one that was killed back, with what it missed', async () => {
    await using scene = await startedPair();
    await scene.kill(0);
    await scene.until(() => scene.roles()[1] === 'primary');
    const carol = await scene.logIn(1, 'carol');
    await carol.createGroup('later');
    await scene.start(0);
    await scene.until(() => scene.roles().join() === 'backup,primary');
    const again = await scene.connect(0);
    await again.tracker.login({ userId: 'carol', password: PASSWORD, deviceId: again.deviceId });
    expect((await again.tracker.list_groups({ after: '' })).groups).toMatchObject([{ groupId: 'later' }]);
  });

  it('takes one back whose disk was lost, by a snapshot where entries are gone', async () => {
    await using scene = await startedPair();
    const carol = await scene.logIn(0, 'carol');
    await carol.createGroup('kept');
    await scene.kill(1);
    scene.wipe(1);
    await scene.until(() => scene.cell.config.inSync.length === 1);
    await scene.start(1);
    await scene.until(() => scene.cell.config.inSync.length === 2);
    const again = await scene.connect(1);
    await again.tracker.login({ userId: 'carol', password: PASSWORD, deviceId: again.deviceId });
    expect((await again.tracker.list_groups({ after: '' })).groups).toMatchObject([{ groupId: 'kept' }]);
  });

  it('takes one back while somebody writes all the time', async () => {
    // Out of step, so that there are writes between what the one asks and what the other tells.
    await using scene = await startedPair({ timings: (at) => ({ heartbeatMs: 250 + 70 * at }) });
    const carol = await scene.logIn(0, 'carol');
    await scene.kill(1);
    await scene.until(() => scene.cell.config.inSync.length === 1);
    let groups = 0;
    const write = (): void => {
      groups += 1;
      // The tracker is gone at the end of the test.
      carol.createGroup(`group-${groups}`).catch(() => undefined);
      scene.clock.schedule(20, write);
    };
    write();
    await scene.start(1);
    await scene.until(() => scene.roles()[1] === 'backup', 2_000);
    expect(groups).toBeGreaterThan(5);
  });

  it('hands over when it ends in good order, and no caller sees an error', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(0, 'alice');
    const ending = scene.tracker(0).close();
    const beganMs = scene.clock.now();
    const made = alice.createGroup('while-ending');
    await scene.outcome(made);
    expect(scene.clock.now() - beganMs).toBeLessThan(300);
    await scene.outcome(ending);
    expect(scene.tracker(1).status().role).toBe('primary');
    const bob = await scene.logIn(1, 'bob');
    expect((await bob.tracker.list_groups({ after: '' })).groups).toMatchObject([
      { groupId: 'while-ending' },
    ]);
  });

  it('lets the primary go on at once when the backup ends in good order', async () => {
    await using scene = await startedPair();
    const alice = await scene.logIn(0, 'alice');
    const beganMs = scene.clock.now();
    const ending = scene.tracker(1).close();
    await scene.outcome(alice.createGroup('while-ending'));
    await scene.outcome(ending);
    expect(scene.clock.now() - beganMs).toBeLessThan(TIMINGS.silenceMs);
    expect(scene.cell.config.inSync).toHaveLength(1);
  });

  it('tells of the witness that is away, and of one that was put back to an old copy', async () => {
    await using scene = await startedPair();
    scene.isRegisterAway = true;
    await scene.until(() => scene.tracker(0).status().register === 'silent');
    expect(scene.tracker(0).status().faults[0]?.reason).toMatch(/register cannot be used: it is away/);
    expect(scene.roles()).toEqual(['primary', 'backup']);
    scene.isRegisterAway = false;
    await scene.until(() => scene.tracker(0).status().register === 'answers');
  });

  it('refuses who does not know the cluster id', async () => {
    await using scene = await startedPair();
    const stranger = await scene.connect(0);
    const clusterId = new Uint8Array(16);
    await expect(stranger.tracker.tracker_status({ clusterId })).rejects.toMatchObject({
      code: 'wrong_cluster',
    });
    await expect(stranger.tracker.promote({ clusterId })).rejects.toMatchObject({ code: 'wrong_cluster' });
  });
});

describe('a pair without a register', () => {
  it('waits in safe mode until a person promotes one, and serves logins and lists meanwhile', async () => {
    await using scene = createClusterScene({ hasRegister: false });
    await scene.start(0);
    await scene.start(1);
    await scene.until(() => scene.roles().every((role) => role === 'safe'));
    const early = await scene.connect(0);
    const refused = early.tracker.create_user({
      requestId: newRequestId(),
      userId: 'early',
      password: PASSWORD,
    });
    await expect(scene.outcome(refused)).rejects.toMatchObject({
      code: 'no_primary',
      message: expect.stringContaining('minitorrent tracker promote'),
    });
    await early.tracker.promote({ clusterId: CLUSTER_ID });
    await scene.until(() => scene.roles().join() === 'primary,backup');
    const alice = await scene.logIn(0, 'alice');
    await alice.createGroup('friends');
    const { headIndex } = scene.tracker(0).status();
    await scene.until(() => scene.tracker(1).status().committedIndex === headIndex);
    await scene.kill(0);
    await scene.until(() => scene.roles()[1] === 'safe');
    const { deviceId } = alice;
    const cached = await scene.connect(1, { deviceId });
    await cached.tracker.login({ userId: 'alice', password: PASSWORD, deviceId });
    const anew = await scene.connect(1);
    const first = anew.tracker.login({ userId: 'alice', password: PASSWORD, deviceId: anew.deviceId });
    await expect(scene.outcome(first)).rejects.toMatchObject({ code: 'no_primary' });
    expect(await cached.tracker.list_groups({ after: '' })).toMatchObject({
      groups: [{ groupId: 'friends' }],
      mayBeStale: true,
    });
    scene.tracker(1).promote();
    await scene.until(() => scene.roles()[1] === 'primary');
    await scene.outcome(cached.createGroup('after'));
  });
});

describe('three trackers', () => {
  it('lose two, one after the other, and nothing that was acknowledged', async () => {
    await using scene = createClusterScene({ trackers: 3 });
    for (const at of [0, 1, 2]) await scene.start(at);
    await scene.until(() => scene.cell.config.inSync.length === 3);
    const alice = await scene.logIn(0, 'alice');
    await alice.createGroup('one');
    await scene.kill(0);
    await scene.until(() => scene.roles().includes('primary') && scene.cell.config.inSync.length === 2);
    const first = scene.roles().indexOf('primary');
    const bob = await scene.logIn(first, 'bob');
    await bob.createGroup('two');
    await scene.kill(first);
    const last = 3 - first;
    await scene.until(() => scene.roles()[last] === 'primary');
    const carol = await scene.logIn(last, 'carol');
    expect((await carol.tracker.list_groups({ after: '' })).groups.map(({ groupId }) => groupId)).toEqual([
      'one',
      'two',
    ]);
  });
});

async function startedPair(
  options: ClusterSceneOptions = {},
): Promise<ReturnType<typeof createClusterScene>> {
  const scene = createClusterScene(options);
  await scene.start(0);
  await scene.until(() => scene.roles()[0] === 'primary');
  await scene.start(1);
  await scene.until(() => scene.cell.config.inSync.length === 2);
  return scene;
}

describe('the options of a cluster', () => {
  it('have an id of 16 bytes and 16 trackers at most', async () => {
    await using scene = createClusterScene();
    const peers = Array.from({ length: 16 }, (_, at) => ({ host: `t${at}`, port: 1 }));
    const start = (cluster: Partial<ClusterOptions>) =>
      scene.start(0, { cluster: { clusterId: CLUSTER_ID, peers: [], ...cluster } });
    await expect(start({ clusterId: new Uint8Array(15) })).rejects.toThrow('15 bytes: expected 16');
    await expect(start({ peers })).rejects.toThrow('17 trackers: expected 16');
  });
});

describe('a reason', () => {
  it('is cut to what a message holds, between characters', () => {
    expect(shortened('short')).toBe('short');
    const long = shortened('é'.repeat(400));
    expect(new TextEncoder().encode(long).length).toBeLessThanOrEqual(512);
    expect(long).toMatch(/^é{254}…$/);
  });
});
