import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@minitorrent/rpc-core';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { createTracker, type Tracker, type TrackerOptions } from '@minitorrent/tracker';
import { describe, expect, it, vi } from 'vitest';
import { formatAddress } from '../src/address.ts';
import { runTrackerPromote, runTrackerStatus } from '../src/commands/tracker-status.ts';
import { trackerTools } from '../src/system.ts';
import { createFakeWorld, type FakeWorld } from './support/fake-world.ts';

const ID = 'c1'.repeat(16);
const { readClusterId } = trackerTools;
const network = createTcpNetwork();

/** A tracker on a folder of its own, and one address where nobody listens. */
async function open(options: Partial<TrackerOptions> = {}) {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await mkdtempDisposable(join(tmpdir(), 'minitorrent-status-')));
  const address = { host: '127.0.0.1', port: 0 };
  const tracker: Tracker = opened.use(
    await createTracker({ network, address, dataDir: join(folder.path, 'tracker'), ...options }),
  );
  const closed = await network.listen(address, () => undefined);
  await closed.close();
  const resources = opened.move();
  return {
    ...{ tracker, data: folder.path },
    at: formatAddress(tracker.address),
    nowhere: formatAddress(closed.address),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function world(): FakeWorld {
  return Object.assign(createFakeWorld(), { clock: createSystemClock() });
}

const cluster = {
  clusterId: Uint8Array.from(Buffer.from(ID, 'hex')),
  peers: [{ host: '127.0.0.1', port: 1 }],
};

describe('minitorrent tracker status', () => {
  it('tells what each tracker is, and fails where one does not answer', async () => {
    await using scene = await open();
    const first = world();
    expect(await runTrackerStatus(scene.at, { data: scene.data }, first, readClusterId)).toBe(0);
    expect(first.out()).toBe(
      `The tracker at ${scene.at} stands alone\nEntries in the journal: 0, all acknowledged\n`,
    );
    const both = world();
    const addresses = `${scene.nowhere},${scene.at}`;
    expect(await runTrackerStatus(addresses, { json: true }, both, readClusterId)).toBe(1);
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
    expect(await runTrackerStatus('::1', {}, world(), readClusterId)).toBe(2);
  });

  it('takes the id of the cluster from the data folder, and tells nothing to those who have another', async () => {
    await using scene = await open({ cluster });
    const owner = world();
    expect(await runTrackerStatus(scene.at, { data: scene.data, json: true }, owner, readClusterId)).toBe(0);
    expect(owner.json()).toMatchObject([
      { tracker: { witness: 'none', others: [{ address: '127.0.0.1:1', isInSync: false, lag: null }] } },
    ]);
    const stranger = world();
    const options = { cluster: 'ff'.repeat(16), json: true };
    expect(await runTrackerStatus(scene.at, options, stranger, readClusterId)).toBe(1);
    expect(stranger.json()).toMatchObject([{ type: 'error', code: 'wrong_cluster' }]);
    expect(stranger.out()).not.toContain(ID);
  });
});

describe('minitorrent tracker promote', () => {
  it('lets a tracker decide that has lost the other one', async () => {
    await using scene = await open({ cluster });
    await vi.waitFor(() => expect(scene.tracker.status().role).toBe('safe'), { timeout: 20_000 });
    const operator = world();
    expect(await runTrackerPromote(scene.at, { cluster: ID }, operator, readClusterId)).toBe(0);
    expect(operator.out()).toBe(`The tracker at ${scene.at} decides changes from now on\n`);
    await vi.waitFor(() => expect(scene.tracker.status().role).toBe('primary'), { timeout: 20_000 });
  });

  it('says why it cannot', async () => {
    await using scene = await open();
    const alone = world();
    expect(await runTrackerPromote(scene.at, {}, alone, readClusterId)).toBe(1);
    expect(alone.err()).toContain('stands alone');
    const away = world();
    expect(await runTrackerPromote(scene.nowhere, {}, away, readClusterId)).toBe(1);
    expect(away.err()).toMatch(/connection refused \(connect_failed\)\n {2}next: only a tracker that runs/);
  });
});
