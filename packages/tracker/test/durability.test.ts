/** What a tracker acknowledged outlives it, however it ends. Real processes, real sockets, real disk. */
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { describe, expect, it } from 'vitest';
import { createTestFolder } from './helpers/folder.ts';
import { connectPeer, newRequestId, startTracker, type TestPeer } from './helpers/peers.ts';
import { spawnTracker } from './helpers/spawn-tracker.ts';

const network = createTcpNetwork();

/** Groups that one user makes before the kill is over: fewer than a user may have, more than are acknowledged by then. */
const BURST = 500;

describe('durability', () => {
  it('keeps every acknowledged write when the tracker is killed in the middle of a burst', async () => {
    await using folder = await createTestFolder();
    const acknowledged = new Set<string>();
    for (let round = 0; round < 2; round += 1) {
      await using tracker = await spawnTracker(folder.path);
      await using peer = await connectPeer({ network, address: tracker.address });
      await peer.signUp(`user-${round}`);
      expect(missing(acknowledged, await groupsOf(peer))).toEqual([]);

      const attempts: Promise<void>[] = [];
      let acknowledgedNow = 0;
      const isEnough = Promise.withResolvers<void>();
      for (let number = 0; number < BURST; number += 1) {
        const groupId = `group-${round}-${number}`;
        const written = (): void => {
          acknowledged.add(groupId);
          acknowledgedNow += 1;
          if (acknowledgedNow === 200) isEnough.resolve();
        };
        attempts.push(peer.createGroup(groupId).then(written, () => {}));
      }
      await isEnough.promise;
      await tracker.end('SIGKILL');
      await Promise.all(attempts);
      expect(acknowledgedNow).toBeLessThan(BURST);
    }
    await using tracker = await spawnTracker(folder.path);
    await using peer = await connectPeer({ network, address: tracker.address });
    await peer.signUp('alice');
    expect(missing(acknowledged, await groupsOf(peer))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThanOrEqual(400);
  });

  it('gives the first answer to a write that is tried again after a kill', async () => {
    await using folder = await createTestFolder();
    const requestId = newRequestId();
    for (const round of [1, 2]) {
      await using tracker = await spawnTracker(folder.path);
      await using peer = await connectPeer({ network, address: tracker.address });
      await peer.signUp('alice');
      await peer.tracker.create_group({ requestId, groupId: 'friends' });
      await expect(peer.createGroup('friends')).rejects.toMatchObject({ code: 'group_exists' });
      await tracker.end(round === 1 ? 'SIGKILL' : 'SIGTERM');
    }
  });

  it('refuses a data folder that another tracker uses, in this process or another one, until that one is gone', async () => {
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    await using first = await spawnTracker(dataDir);
    await expect(startTracker({ network, dataDir })).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('in use by another tracker; stop that one'),
    });
    await expect(spawnTracker(dataDir)).rejects.toThrow('locked');
    await first.end('SIGKILL');
    {
      await using second = await startTracker({ network, dataDir });
      await expect(startTracker({ network, dataDir })).rejects.toMatchObject({ code: 'locked' });
      expect(await second.stats()).toMatchObject({ mode: 'ready', durableIndex: 0 });
    }
    await using third = await startTracker({ network, dataDir });
    expect(third.address.port).toBeGreaterThan(0);
  });

  it('refuses a folder that is none', async () => {
    await expect(startTracker({ network, dataDir: '/dev/null/tracker' })).rejects.toMatchObject({
      code: 'journal_failed',
      message: expect.stringContaining('/dev/null/tracker'),
    });
  });

  it('leaves nothing open when it cannot listen', async () => {
    await using folder = await createTestFolder();
    await using first = await startTracker({ network });
    const { address } = first;
    await expect(startTracker({ network, address, dataDir: folder.path })).rejects.toMatchObject({
      code: 'listen_failed',
    });
    await using second = await startTracker({ network, dataDir: folder.path });
    expect(await second.stats()).toMatchObject({ mode: 'ready' });
  });
});

async function groupsOf(peer: TestPeer): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let after = '';
  do {
    const page = await peer.tracker.list_groups({ after });
    for (const group of page.groups) names.add(group.groupId);
    after = page.next;
  } while (after !== '');
  return names;
}

function missing(wanted: ReadonlySet<string>, found: ReadonlySet<string>): readonly string[] {
  return [...wanted].filter((name) => !found.has(name));
}
