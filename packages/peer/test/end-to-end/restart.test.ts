/** Peers and trackers that end and come back, and files that change meanwhile. */
import { randomBytes } from 'node:crypto';
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createManifest } from '@minitorrent/chunk-store';
import { describe, expect, it } from 'vitest';
import type { Peer, PeerEvents } from '../../src/index.ts';
import { Cluster, GROUP, PASSWORD } from '../support/cluster.ts';
import { honest } from '../support/rogues.ts';

const bytes = randomBytes(2_000_000);

function next<E extends keyof PeerEvents>(peer: Peer, event: E): Promise<PeerEvents[E]> {
  return new Promise((resolve) => peer.on(event, (...args) => resolve(args)));
}

/** Downloads the file; answers whose pieces came. */
async function sourcesOf(peer: Peer): Promise<string[]> {
  const download = await peer.downloadFile(GROUP, 'a.bin');
  expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  const { peers } = download.progress();
  return peers.filter(({ pieces }) => pieces > 0).map(({ userId }) => userId);
}

async function restarted(cluster: Cluster, peer: Peer, name: string): Promise<Peer> {
  await peer.close();
  const again = await cluster.peer(name);
  await again.login(name, PASSWORD);
  return again;
}

describe('a restarted peer', () => {
  it('shares again what it shared, and what it had downloaded', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    const bob = await cluster.member('bob');
    const [carol, dave] = [await cluster.member('carol'), await cluster.member('dave')];
    await (await bob.downloadFile(GROUP, 'a.bin')).completed;
    await bob.close();
    const source = await restarted(cluster, alice, 'alice');
    expect(await sourcesOf(carol)).toEqual(['alice']);
    await Promise.all([source.close(), carol.close()]);
    const again = await restarted(cluster, bob, 'bob');
    expect(again.deviceId).toEqual(bob.deviceId);
    expect(again.shares()).toMatchObject([{ groupId: GROUP, state: 'serving', file: { name: 'a.bin' } }]);
    expect(await sourcesOf(dave)).toEqual(['bob']);
  });

  it('says that a file changed or went away, and does not serve it', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const path = await cluster.file('a.bin', bytes);
    await alice.uploadFile(GROUP, path);
    await writeFile(path, randomBytes(2_000_000));
    const again = await restarted(cluster, alice, 'alice');
    expect(again.shares()).toMatchObject([{ state: 'changed' }]);
    await unlink(path);
    const third = await restarted(cluster, again, 'alice');
    expect(third.shares()).toMatchObject([{ state: 'missing' }]);
    expect(await third.listFiles(GROUP)).toMatchObject({ items: [{ seeders: 0 }] });
  });

  it('takes another user for another: nothing of the first is served', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    await alice.logout();
    expect(alice.shares()).toEqual([]);
    await alice.createUser('zoe', PASSWORD);
    await alice.login('zoe', PASSWORD);
    expect(alice.shares()).toEqual([]);
    await alice.logout();
    await alice.login('alice', PASSWORD);
    expect(alice.shares()).toMatchObject([{ state: 'serving' }]);
  });
});

describe('a shared file', () => {
  it('that changes while it is served is not served any more, and its owner hears of it', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const path = await cluster.file('a.bin', bytes);
    await alice.uploadFile(GROUP, path);
    const heard = next(alice, 'share-changed');
    await writeFile(path, randomBytes(2_000_000));
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    expect(await heard).toMatchObject([{ state: 'changed', file: { name: 'a.bin' } }]);
    expect(download.progress().verifiedPieces).toBe(0);
    expect(alice.shares()).toMatchObject([{ state: 'changed' }]);
  });

  it('that its owner stops sharing is off the list; a copy of it stays when a downloader stops', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    const bob = await cluster.member('bob');
    await (await bob.downloadFile(GROUP, 'a.bin')).completed;
    await bob.stopSharing(GROUP, 'a.bin');
    expect(await bob.listFiles(GROUP)).toMatchObject({ items: [{ file: { name: 'a.bin' } }] });
    await alice.stopSharing(GROUP, 'a.bin');
    expect(await bob.listFiles(GROUP)).toEqual({ items: [], mayBeStale: false });
    await expect(bob.downloadFile(GROUP, 'a.bin')).rejects.toMatchObject({ code: 'unknown_file' });
  });
});

describe('a tracker that ends', () => {
  it('does not stop a running transfer, and finds its users logged in when it comes back', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const manifest = createManifest({ name: 'a.bin', bytes });
    await cluster.listed(manifest);
    const trackerIsDown = Promise.withResolvers<void>();
    const seeder = honest(manifest, bytes);
    await cluster.impostor('seeder', manifest, {
      ...seeder,
      async *send_pieces(request, context) {
        await trackerIsDown.promise;
        yield* seeder.send_pieces(request, context);
      },
    });
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    await Promise.all([next(bob, 'tracker-lost'), cluster.stopTracker()]);
    trackerIsDown.resolve();
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    const back = next(alice, 'tracker-connected');
    await cluster.startTracker();
    expect(await back).toMatchObject([{ userId: 'alice' }]);
    const groups = [{ groupId: GROUP, standing: 'admin', members: 3 }];
    expect(await alice.listGroups()).toMatchObject({ items: groups });
    expect(await bob.listFiles(GROUP)).toMatchObject({ items: [{ file: { name: 'a.bin' } }] });
  });
});

describe('a download', () => {
  it('that is cancelled leaves no file, and is not taken up again', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const manifest = createManifest({ name: 'a.bin', bytes });
    await cluster.listed(manifest);
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    expect(download.progress()).toMatchObject({ state: 'starting', waitingFor: 'no_peers' });
    await expect(bob.downloadFile(GROUP, 'a.bin')).rejects.toMatchObject({ code: 'already_downloading' });
    await download.cancel();
    await expect(download.completed).rejects.toMatchObject({ code: 'cancelled' });
    expect(bob.downloads()).toEqual([]);
    const again = await restarted(cluster, bob, 'bob');
    expect(again.downloads()).toEqual([]);
    expect(alice.downloads()).toEqual([]);
  });

  it('that waits for a peer is taken up again at the next start', async () => {
    await using cluster = await Cluster.start();
    await cluster.admin('alice');
    const manifest = createManifest({ name: 'a.bin', bytes });
    await cluster.listed(manifest);
    const bob = await cluster.member('bob');
    await bob.downloadFile(GROUP, 'a.bin', { folder: join(cluster.folder, 'bob', 'downloads') });
    const again = await restarted(cluster, bob, 'bob');
    const [download] = again.downloads();
    await cluster.impostor('seeder', manifest, honest(manifest, bytes));
    expect(bytes.equals(await readFile((await download?.completed) ?? ''))).toBe(true);
  });

  it('of a group that the user leaves ends', async () => {
    await using cluster = await Cluster.start();
    await cluster.admin('alice');
    await cluster.listed(createManifest({ name: 'a.bin', bytes }));
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    await bob.leaveGroup(GROUP);
    await expect(download.completed).rejects.toMatchObject({ code: 'cancelled' });
  });
});
