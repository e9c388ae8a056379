/** Files as members see them: listed, announced, found, and forgotten. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { MESSAGE_LIMITS } from '../src/message-limits.ts';
import { createFakeJournal, turn } from './helpers/fake-journal.ts';
import { testFile } from './helpers/files.ts';
import { createMemoryScene, type MemoryScene } from './helpers/memory-scene.ts';
import { newRequestId, type TestPeer } from './helpers/peers.ts';

const groupId = 'friends';
const file = testFile('film.mkv');

describe('sharing', () => {
  it('tells a downloader, after the answer, where the pieces are', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    await alice.announce(groupId, file.root, 'complete', 4_001);
    await bob.announce(groupId, file.root, 'partial', 4_002);
    let isAnswered = false;
    const answer = bob.tracker.download_file({ groupId, name: file.name }).then(() => {
      isAnswered = true;
    });
    const made = bob.next('make_file').then((request) => ({ request, isAnswered }));
    await answer;
    await scene.clock.advanceAsync(1);
    expect(await made).toEqual({
      isAnswered: true,
      request: {
        groupId,
        file,
        sharedBy: 'alice',
        peers: [{ userId: 'alice', deviceId: alice.deviceId, host: 'a', port: 4_001, holding: 'complete' }],
      },
    });
  });

  it('tells a downloader nothing who leaves or logs out before it is told', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    await alice.announce(groupId, file.root);
    const carol = await scene.logIn('carol');
    await join(alice, carol);
    for (const peer of [bob, carol]) await peer.tracker.download_file({ groupId, name: file.name });
    await bob.tracker.leave_group({ requestId: newRequestId(), groupId });
    await carol.tracker.logout({});
    await scene.clock.advanceAsync(10);
    expect([bob.untaken('make_file'), carol.untaken('make_file')]).toEqual([0, 0]);
  });

  it('takes no announce of a file whose sharing ended while the announce waited for the disk', async () => {
    const journal = createFakeJournal();
    await using scene = await createMemoryScene({ journal });
    const flushed = async <T>(call: Promise<T>): Promise<T> => {
      let isDone = false;
      void call.finally(() => {
        isDone = true;
      });
      while (!isDone) await journal.flush();
      return call;
    };
    const { alice, bob } = await flushed(members(scene));
    const write = alice.createGroup('other');
    await turn();
    const announcing = bob.announce(groupId, file.root);
    await turn();
    const ending = alice.tracker.stop_sharing({ requestId: newRequestId(), groupId, name: file.name });
    await turn();
    await flushed(Promise.all([write, announcing, ending]));
    expect(await scene.tracker.stats()).toMatchObject({ presence: { swarms: 0 } });
  });

  it('lists who has a file, and answers announces with the peers of what is looked for', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    expect(await alice.announce(groupId, file.root)).toEqual({
      intervalMs: DEFAULT_LIMITS.announceIntervalMs,
      swarms: [],
    });
    const { swarms } = await bob.announce(groupId, file.root, 'partial');
    expect(swarms).toMatchObject([
      { groupId, root: file.root, peers: [{ userId: 'alice', holding: 'complete' }] },
    ]);
    expect(await listed(bob)).toMatchObject([{ file, sharedBy: 'alice', seeders: 1, leechers: 1 }]);
    await bob.announce(groupId, file.root, 'complete');
    expect(await listed(bob)).toMatchObject([{ seeders: 2, leechers: 0 }]);
    await bob.announce(groupId, file.root, 'gone');
    expect(await listed(bob)).toMatchObject([{ seeders: 1, leechers: 0 }]);
  });

  it('passes over what is not listed, and groups of others, and peers that nobody can reach', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    const carol = await scene.logIn('carol');
    await carol.announce(groupId, file.root);
    await bob.announce(groupId, testFile('other').root);
    await bob.announce('strangers', file.root);
    await alice.announce(groupId, file.root, 'complete', 0);
    expect(await listed(bob)).toMatchObject([{ seeders: 0, leechers: 0 }]);
    expect(await scene.tracker.stats()).toMatchObject({ presence: { swarms: 0, shares: 0 } });
  });

  it('takes out what a peer says is gone that can no longer be reached, and nothing else of it', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    const other = testFile('other');
    await alice.tracker.upload_file({ requestId: newRequestId(), groupId, file: other });
    await alice.announce(groupId, file.root);
    await alice.announce(groupId, other.root);
    await alice.announce(groupId, file.root, 'gone', 0);
    await bob.announce(groupId, file.root, 'gone', 0);
    expect(await listed(bob)).toMatchObject([
      { file, seeders: 0 },
      { file: other, seeders: 1 },
    ]);
  });

  it('forgets a device that announces no more, sooner when its connection is lost', async () => {
    await using scene = await createMemoryScene({ limits: { presenceTtlMs: 50_000 } });
    const { alice, bob } = await members(scene);
    await alice.announce(groupId, file.root);
    await bob.announce(groupId, file.root);
    alice.connection.abort();
    await scene.clock.advanceAsync(DEFAULT_LIMITS.lostConnectionTtlMs - 1_000);
    expect(await listed(bob)).toMatchObject([{ seeders: 2 }]);
    await scene.clock.advanceAsync(2_000);
    expect(await listed(bob)).toMatchObject([{ seeders: 1 }]);
    await scene.clock.advanceAsync(20_000);
    expect(await listed(bob)).toMatchObject([{ seeders: 0 }]);
  });

  it('keeps a device whose other connection lives, and one that comes back in time', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    await alice.announce(groupId, file.root);
    const second = await scene.logIn('alice', { deviceId: alice.deviceId });
    alice.connection.abort();
    await scene.clock.advanceAsync(DEFAULT_LIMITS.lostConnectionTtlMs + 2_000);
    expect(await listed(bob)).toMatchObject([{ seeders: 1 }]);
    second.connection.abort();
    await scene.clock.advanceAsync(1_000);
    const third = await scene.logIn('alice', { deviceId: alice.deviceId });
    // It begins anew: what it does not announce again, it does not have.
    expect(await listed(bob)).toMatchObject([{ seeders: 0 }]);
    await third.announce(groupId, file.root);
    await scene.clock.advanceAsync(DEFAULT_LIMITS.lostConnectionTtlMs + 2_000);
    expect(await listed(bob)).toMatchObject([{ seeders: 1 }]);
  });

  it('forgets what a user has who logs out, or leaves the group', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    await bob.announce(groupId, file.root);
    await bob.tracker.leave_group({ requestId: newRequestId(), groupId });
    expect(await listed(alice)).toMatchObject([{ seeders: 0 }]);
    await scene.clock.advanceAsync(0);
    expect(await bob.next('membership_changed')).toEqual({ groupId, standing: 'member', index: 8 });
    expect(await bob.next('membership_changed')).toEqual({ groupId, standing: 'removed', index: 9 });
    await alice.announce(groupId, file.root);
    await alice.tracker.logout({});
    expect(await scene.tracker.stats()).toMatchObject({ presence: { swarms: 0, shares: 0 } });
  });

  it('forgets who has a file when nobody shares it any more, under any name', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    const copy = { ...file, name: 'copy.mkv' };
    await bob.tracker.upload_file({ requestId: newRequestId(), groupId, file: copy });
    await alice.announce(groupId, file.root);
    await bob.tracker.stop_sharing({ requestId: newRequestId(), groupId, name: copy.name });
    expect(await listed(bob)).toMatchObject([{ file, seeders: 1 }]);
    await alice.tracker.stop_sharing({ requestId: newRequestId(), groupId, name: file.name });
    expect(await listed(bob)).toEqual([]);
    expect(await scene.tracker.stats()).toMatchObject({ presence: { swarms: 0 } });
  });

  it('lets an admin end what a member shares, also when that one has left', async () => {
    await using scene = await createMemoryScene();
    const { alice, bob } = await members(scene);
    const other = testFile('other.bin');
    await bob.tracker.upload_file({ requestId: newRequestId(), groupId, file: other });
    await bob.tracker.leave_group({ requestId: newRequestId(), groupId });
    expect((await listed(alice)).map((one) => one.file.name)).toEqual([file.name, other.name]);
    await alice.tracker.stop_sharing({ requestId: newRequestId(), groupId, name: other.name });
    expect((await listed(alice)).map((one) => one.file.name)).toEqual([file.name]);
  });

  it('answers lists page by page, each as large as a message holds', async () => {
    await using scene = await createMemoryScene();
    const { alice } = await members(scene);
    // Names of 240 bytes: a page of 400 would be 120 KiB.
    const names = Array.from({ length: 450 }, (_, at) => `${String(at).padStart(4, '0')}-${'é'.repeat(117)}`);
    for (const name of names) {
      await alice.tracker.upload_file({ requestId: newRequestId(), groupId, file: testFile(name) });
    }
    const pages: string[][] = [];
    let after = '';
    do {
      const page = await alice.tracker.list_file({ groupId, after });
      pages.push(page.files.map((one) => one.file.name));
      after = page.next;
    } while (after !== '');
    expect(pages.flat()).toEqual([...names, file.name]);
    expect(pages.length).toBeGreaterThan(2);
  });

  it('answers an announce within the size of a message, however long the names are', async () => {
    await using scene = await createMemoryScene({ rpcLimits: { unauthenticatedPerAddress: 1_000 } });
    const { alice } = await members(scene);
    const files = Array.from({ length: 8 }, (_, at) => testFile(`file-${at}-${'x'.repeat(at)}`));
    for (const one of files) {
      await alice.tracker.upload_file({ requestId: newRequestId(), groupId, file: one });
    }
    for (let number = 0; number < 62; number += 1) {
      const peer = await scene.logIn(`${String(number).padStart(3, '0')}-${'é'.repeat(30)}`, {
        host: 'h'.repeat(250),
      });
      await join(alice, peer);
      const held = files.map(({ root }) => ({ groupId, root, holding: 'complete' as const }));
      await peer.tracker.announce({ port: 1, files: held });
    }
    const wanted = [...files, file].map(({ root }) => ({ groupId, root, holding: 'partial' as const }));
    const { swarms } = await alice.tracker.announce({ port: 1, files: wanted });
    expect(swarms).toHaveLength(MESSAGE_LIMITS.swarmsPerAnswer);
    const peers = swarms.reduce((sum, swarm) => sum + swarm.peers.length, 0);
    expect(peers).toBeGreaterThan(60);
    await alice.tracker.download_file({ groupId, name: files[0]?.name ?? '' });
    await scene.clock.advanceAsync(0);
    expect((await alice.next('make_file')).peers).toHaveLength(MESSAGE_LIMITS.peersPerFile);
  });
});

/** alice is the admin of `friends` and has uploaded `film.mkv`; bob is a member. */
async function members(scene: MemoryScene): Promise<{ readonly alice: TestPeer; readonly bob: TestPeer }> {
  const alice = await scene.logIn('alice', { host: 'a' });
  await alice.createGroup(groupId);
  await alice.tracker.upload_file({ requestId: newRequestId(), groupId, file });
  const bob = await scene.logIn('bob', { host: 'b' });
  await join(alice, bob);
  return { alice, bob };
}

async function join(alice: TestPeer, peer: TestPeer): Promise<void> {
  await peer.tracker.join_group({ requestId: newRequestId(), groupId });
  const { requests } = await alice.tracker.list_requests({ groupId, after: '' });
  for (const { userId } of requests) {
    await alice.tracker.accept_request({ requestId: newRequestId(), groupId, userId });
  }
}

async function listed(
  peer: TestPeer,
): Promise<Awaited<ReturnType<TestPeer['tracker']['list_file']>>['files']> {
  return (await peer.tracker.list_file({ groupId, after: '' })).files;
}
