/** Peers that start while no tracker can be reached, and trackers that come back to them. */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createManifest } from '@minitorrent/chunk-store';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { describe, expect, it } from 'vitest';
import type { Peer, PeerEvents } from '../../src/index.ts';
import { Cluster, GROUP, PASSWORD } from '../support/cluster.ts';
import { honest } from '../support/rogues.ts';

const bytes = randomBytes(3_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });
/** Nobody waits long for trackers that are known to be dead; later they are there, on a machine that may be busy. */
const impatient = { trackerPatienceMs: 1_000 };

function next<E extends keyof PeerEvents>(peer: Peer, event: E): Promise<PeerEvents[E]> {
  return new Promise((resolve) => peer.on(event, (...args) => resolve(args)));
}

/** A peer on the folder of an earlier one, logged in without a tracker. */
async function startOffline(cluster: Cluster, name: string): Promise<Peer> {
  const peer = await cluster.peer(name, impatient);
  const offline = next(peer, 'offline');
  await peer.login(name, PASSWORD);
  expect(await offline).toEqual([{ userId: name }]);
  return peer;
}

/** Alice shares the file; Bob's download of it is cut short at its beginning. Then all is dead. */
async function startAndStopAll(cluster: Cluster): Promise<void> {
  const alice = await cluster.admin('alice');
  await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
  const bob = await cluster.member('bob');
  const opened = next(bob, 'download-started');
  await bob.downloadFile(GROUP, 'a.bin');
  await opened;
  await Promise.all([bob.close(), alice.close(), cluster.stopTracker()]);
}

describe('without any tracker', () => {
  it('a restarted peer serves a file to another restarted peer, which goes on with its download', async () => {
    await using cluster = await Cluster.start();
    await startAndStopAll(cluster);
    const alice = await startOffline(cluster, 'alice');
    expect(alice.shares()).toMatchObject([{ groupId: GROUP, state: 'serving' }]);
    const bob = await startOffline(cluster, 'bob');
    const [download] = bob.downloads();
    expect(bytes.equals(await readFile((await download?.completed) ?? ''))).toBe(true);
    expect(download?.progress().peers).toMatchObject([{ userId: 'alice', address: alice.address }]);
  });

  it('a peer that knows no source yet waits for a tracker, and forgets no download', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    await cluster.listed(manifest);
    const bob = await cluster.member('bob');
    await bob.downloadFile(GROUP, 'a.bin');
    await Promise.all([bob.close(), cluster.stopTracker()]);
    const again = await startOffline(cluster, 'bob');
    const [download] = again.downloads();
    // Who lets the seeder in.
    const back = next(alice, 'tracker-connected');
    await cluster.startTracker();
    await back;
    await cluster.impostor('seeder', manifest, honest(manifest, bytes));
    expect(bytes.equals(await readFile((await download?.completed) ?? ''))).toBe(true);
  });

  it('nobody is let in with a wrong password, and nobody who was never here', async () => {
    await using cluster = await Cluster.start();
    await (await cluster.user('alice')).close();
    await (await cluster.user('bob')).close();
    await cluster.stopTracker();
    const peer = await cluster.peer('alice', impatient);
    await expect(peer.login('alice', 'a wrong password')).rejects.toMatchObject({
      code: 'wrong_password',
      message: expect.stringMatching(/without a tracker/),
      cause: expect.objectContaining({ code: 'tracker_unreachable' }),
    });
    await expect(peer.login('bob', PASSWORD)).rejects.toMatchObject({ code: 'tracker_unreachable' });
    expect(peer.userId).toBeUndefined();
    await peer.login('alice', PASSWORD);
    expect(peer.userId).toBe('alice');
    await expect(peer.login('bob', PASSWORD)).rejects.toMatchObject({ code: 'already_logged_in' });
    await peer.logout();
    await expect(peer.listGroups()).rejects.toMatchObject({ code: 'tracker_unreachable' });
  });
});

describe('a restarted peer', () => {
  it('listens where it did before, and elsewhere when somebody else listens there now', async () => {
    await using cluster = await Cluster.start();
    const first = await cluster.peer('alice');
    await first.close();
    const second = await cluster.peer('alice');
    expect(second.address).toEqual(first.address);
    await second.close();
    const taken = await createTcpNetwork().listen(second.address, (channel) => channel.destroy());
    const third = await cluster.peer('alice');
    expect(third.address.port).not.toBe(second.address.port);
    await taken.close();
    await expect(cluster.peer('bob', { listen: third.address })).rejects.toMatchObject({
      code: 'listen_failed',
    });
  });
});

describe('a tracker that comes back', () => {
  it('hears from a peer that started without it who is logged in and what is shared', async () => {
    await using cluster = await Cluster.start();
    await startAndStopAll(cluster);
    const alice = await startOffline(cluster, 'alice');
    const back = next(alice, 'tracker-connected');
    await cluster.startTracker();
    expect(await back).toMatchObject([{ userId: 'alice' }]);
    expect(await alice.listGroups()).toMatchObject({ items: [{ groupId: GROUP, standing: 'admin' }] });
    const carol = await cluster.member('carol');
    const download = await carol.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  });

  it('and does not know the user logs them out, and the password is worth nothing any more', async () => {
    await using cluster = await Cluster.start();
    await startAndStopAll(cluster);
    const alice = await startOffline(cluster, 'alice');
    await rm(join(cluster.folder, 'tracker'), { recursive: true });
    const back = next(alice, 'tracker-connected');
    await cluster.startTracker();
    expect(await back).toMatchObject([{ userId: undefined }]);
    expect(alice.shares()).toEqual([]);
    await cluster.stopTracker();
    await expect(alice.login('alice', PASSWORD)).rejects.toMatchObject({ code: 'tracker_unreachable' });
  });
});
