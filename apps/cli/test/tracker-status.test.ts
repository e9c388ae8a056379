import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@minitorrent/rpc-core';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { createTracker, type Tracker, type TrackerOptions } from '@minitorrent/tracker';
import { describe, expect, it, vi } from 'vitest';
import { formatAddress } from '../src/address.ts';
import { runTrackerPromote, runTrackerStatus } from '../src/commands/tracker-status.ts';
import { findFreePorts } from '../src/demo/free-ports.ts';
import { openKnownTrackers } from '../src/places/known-trackers.ts';
import { formatPlace } from '../src/places/place.ts';
import { operatorTools } from '../src/system.ts';
import { device } from './support/devices.ts';
import { createFakeWorld, type FakeWorld } from './support/fake-world.ts';

const ID = 'c1'.repeat(16);

/** A tracker on a folder of its own, and one address where nobody listens. */
async function open(options: Partial<TrackerOptions> = {}) {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await mkdtempDisposable(join(tmpdir(), 'minitorrent-status-')));
  const address = { host: '127.0.0.1', port: 0 };
  const tracker: Tracker = opened.use(
    await createTracker({ address, dataDir: join(folder.path, 'tracker'), ...options }),
  );
  const [closed = 0] = await findFreePorts(1);
  const resources = opened.move();
  return {
    ...{ tracker, data: folder.path },
    at: formatAddress(tracker.address),
    place: formatPlace({ ...tracker.address, pin: tracker.deviceId }),
    nowhere: formatPlace({ host: '127.0.0.1', port: closed, pin: device(9) }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function world(): FakeWorld {
  return Object.assign(createFakeWorld(), { clock: createSystemClock() });
}

const cluster = {
  clusterId: Uint8Array.from(Buffer.from(ID, 'hex')),
  peers: [{ host: '127.0.0.1', port: 1, pin: device(8) }],
};

describe('minitorrent tracker status', () => {
  it('tells what each tracker is, and fails where one does not answer', async () => {
    await using scene = await open();
    const first = world();
    expect(await runTrackerStatus(scene.place, { data: scene.data }, first, operatorTools)).toBe(0);
    expect(first.out()).toBe(
      `The tracker at ${scene.at} stands alone\nEntries in the journal: 0, all acknowledged\n`,
    );
    const both = world();
    const addresses = `${scene.nowhere},${scene.at}`;
    expect(await runTrackerStatus(addresses, { data: scene.data, json: true }, both, operatorTools)).toBe(1);
    expect(both.json()).toMatchObject([
      {
        type: 'error',
        command: 'tracker status',
        code: 'connect_failed',
        advice: expect.stringContaining('start it'),
      },
      {
        type: 'result',
        command: 'tracker_status',
        tracker: { address: scene.at, role: 'alone', others: [] },
      },
    ]);
    expect(await runTrackerStatus('::1', {}, world(), operatorTools)).toBe(2);
  });

  it('learns once which device answers, and asks no other', async () => {
    await using scene = await open();
    const status = async () => {
      const operator = world();
      const exitCode = await runTrackerStatus(
        scene.at,
        { data: scene.data, json: true },
        operator,
        operatorTools,
      );
      return [exitCode, operator.json()];
    };
    const deviceId = formatDeviceId(scene.tracker.deviceId);
    const result = { command: 'tracker_status', tracker: { address: scene.at } };
    expect(await status()).toMatchObject([
      0,
      [{ event: 'tracker-learned', address: scene.at, deviceId }, result],
    ]);
    expect(await status()).toMatchObject([0, [result]]);
    const known = await openKnownTrackers(join(scene.data, 'operator'));
    await known.learn({ ...scene.tracker.address, pin: device(9) });
    expect(await status()).toMatchObject([1, [{ code: 'wrong_identity' }]]);
  });

  it('takes the id of the cluster from the data folder, and tells nothing to those who have another', async () => {
    await using scene = await open({ cluster });
    const owner = world();
    expect(await runTrackerStatus(scene.place, { data: scene.data, json: true }, owner, operatorTools)).toBe(
      0,
    );
    expect(owner.json()).toMatchObject([
      { tracker: { witness: 'none', others: [{ address: '127.0.0.1:1', isInSync: false, lag: null }] } },
    ]);
    const stranger = world();
    const options = { cluster: 'ff'.repeat(16), data: scene.data, json: true };
    expect(await runTrackerStatus(scene.place, options, stranger, operatorTools)).toBe(1);
    expect(stranger.json()).toMatchObject([{ type: 'error', code: 'wrong_cluster' }]);
    expect(stranger.out()).not.toContain(ID);
  });

  it('keeps nothing of who answers for another cluster', async () => {
    await using scene = await open({ cluster });
    const options = { cluster: 'ff'.repeat(16), data: scene.data, json: true };
    for (const place of [scene.at, scene.place]) {
      const operator = world();
      expect(await runTrackerStatus(place, options, operator, operatorTools)).toBe(1);
      expect(operator.json()).toMatchObject([{ type: 'error', code: 'wrong_cluster' }]);
      expect(await runTrackerPromote(place, options, world(), operatorTools)).toBe(1);
    }
    const known = await openKnownTrackers(join(scene.data, 'operator'));
    expect(known.pinOf(scene.tracker.address)).toBeUndefined();
    // Asked for the right one it is learned.
    const member = world();
    await runTrackerStatus(scene.at, { ...options, cluster: ID }, member, operatorTools);
    expect(member.json()).toMatchObject([{ event: 'tracker-learned' }, { tracker: { address: scene.at } }]);
    const again = await openKnownTrackers(join(scene.data, 'operator'));
    expect(again.pinOf(scene.tracker.address)).toEqual(scene.tracker.deviceId);
  });
});

describe('minitorrent tracker promote', () => {
  it('lets a tracker decide that has lost the other one', async () => {
    await using scene = await open({ cluster });
    await vi.waitFor(() => expect(scene.tracker.status().role).toBe('safe'), { timeout: 20_000 });
    const operator = world();
    expect(
      await runTrackerPromote(scene.place, { cluster: ID, data: scene.data }, operator, operatorTools),
    ).toBe(0);
    expect(operator.out()).toBe(`The tracker at ${scene.at} decides changes from now on\n`);
    await vi.waitFor(() => expect(scene.tracker.status().role).toBe('primary'), { timeout: 20_000 });
  });

  it('says why it cannot', async () => {
    await using scene = await open();
    const alone = world();
    expect(await runTrackerPromote(scene.place, { data: scene.data }, alone, operatorTools)).toBe(1);
    expect(alone.err()).toContain('stands alone');
    const away = world();
    expect(await runTrackerPromote(scene.nowhere, { data: scene.data }, away, operatorTools)).toBe(1);
    expect(away.err()).toMatch(/connection refused \(connect_failed\)\n {2}next: only a tracker that runs/);
  });
});
