/** What a user does wrong gets a coded error with a sentence, over real sockets, and breaks nothing. */
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection, createSystemClock } from '@minitorrent/rpc-core';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { describe, expect, it } from 'vitest';
import { peerContract } from '../../src/index.ts';
import { Cluster, GROUP, PASSWORD } from '../support/cluster.ts';

const failsWith = (code: string) =>
  expect.objectContaining({ code, message: expect.stringMatching(/\w+ .*\w/) });

describe('a peer', () => {
  it('refuses everything but an account and a login to somebody who is not logged in', async () => {
    await using cluster = await Cluster.start();
    const peer = await cluster.peer('nobody');
    const path = await cluster.file('a.bin', randomBytes(10));
    for (const call of [
      () => peer.createGroup(GROUP),
      () => peer.joinGroup(GROUP),
      () => peer.leaveGroup(GROUP),
      () => peer.listGroups(),
      () => peer.listFiles(GROUP),
      () => peer.listRequests(),
      () => peer.acceptRequest(GROUP, 'bob'),
      () => peer.rejectRequest(GROUP, 'bob'),
      () => peer.uploadFile(GROUP, path),
      () => peer.downloadFile(GROUP, 'a.bin'),
      () => peer.stopSharing(GROUP, 'a.bin'),
      () => peer.logout(),
    ]) {
      await expect(call()).rejects.toThrow(failsWith('not_logged_in'));
    }
  });

  it('refuses a second user and a second group of the same name, and a wrong password', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const other = await cluster.peer('other');
    await expect(other.createUser('alice', PASSWORD)).rejects.toThrow(failsWith('user_exists'));
    await expect(other.login('alice', 'a wrong password')).rejects.toThrow(failsWith('wrong_password'));
    await expect(other.login('nobody', PASSWORD)).rejects.toThrow(failsWith('wrong_password'));
    await expect(other.createUser('short', 'short')).rejects.toThrow(failsWith('weak_password'));
    await expect(alice.createGroup(GROUP)).rejects.toThrow(failsWith('group_exists'));
  });

  it('refuses a join by a member, tells of a refused one, and keeps one that waits', async () => {
    await using cluster = await Cluster.start();
    const decisions = { bob: 'refuse', carol: 'undecided' } as const;
    const alice = await cluster.admin('alice', {
      joinPolicy: async ({ userId }) => (userId === 'bob' ? decisions.bob : decisions.carol),
    });
    await expect(alice.joinGroup(GROUP)).rejects.toThrow(failsWith('already_member'));
    await expect(alice.joinGroup('nothing')).rejects.toThrow(failsWith('unknown_group'));
    await expect(cluster.member('bob')).rejects.toThrow(failsWith('join_refused'));
    const carol = await cluster.peer('carol');
    await carol.createUser('carol', PASSWORD);
    await carol.login('carol', PASSWORD);
    expect(await carol.joinGroup(GROUP)).toBe('requested');
    expect(await alice.listRequests(GROUP)).toMatchObject({ items: [{ groupId: GROUP, userId: 'carol' }] });
    const heard = new Promise((resolve) => carol.on('membership-changed', resolve));
    await alice.acceptRequest(GROUP, 'carol');
    expect(await heard).toEqual({ groupId: GROUP, standing: 'member' });
    await expect(alice.acceptRequest(GROUP, 'carol')).rejects.toThrow(failsWith('unknown_request'));
  });

  it('keeps outsiders from lists, files and sharing', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice', { joinPolicy: async () => 'undecided' });
    const path = await cluster.file('a.bin', randomBytes(10));
    await alice.uploadFile(GROUP, path);
    const eve = await cluster.peer('eve');
    await eve.createUser('eve', PASSWORD);
    await eve.login('eve', PASSWORD);
    await expect(eve.listFiles(GROUP)).rejects.toThrow(failsWith('not_a_member'));
    await expect(eve.downloadFile(GROUP, 'a.bin')).rejects.toThrow(failsWith('not_admitted'));
    await expect(eve.uploadFile(GROUP, path)).rejects.toThrow(failsWith('not_a_member'));
    await expect(eve.listRequests(GROUP)).rejects.toThrow(failsWith('not_a_member'));
    await expect(eve.leaveGroup(GROUP)).rejects.toThrow(failsWith('not_a_member'));
  });

  it('refuses what cannot be shared', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const path = await cluster.file('a.bin', randomBytes(10));
    await mkdir(join(cluster.folder, 'folder'));
    await expect(alice.uploadFile(GROUP, join(cluster.folder, 'none'))).rejects.toThrow(
      failsWith('file_not_found'),
    );
    await expect(alice.uploadFile(GROUP, join(cluster.folder, 'folder'))).rejects.toThrow(
      failsWith('not_a_file'),
    );
    await expect(alice.uploadFile(GROUP, path, { expectedSize: 11 })).rejects.toThrow(
      failsWith('wrong_size'),
    );
    await expect(alice.uploadFile('nothing', path)).rejects.toThrow(failsWith('unknown_group'));
    const odd = await cluster.file('a\nb', randomBytes(10));
    await expect(alice.uploadFile(GROUP, odd)).rejects.toThrow(failsWith('bad_name'));
    await alice.uploadFile(GROUP, path);
    await writeFile(path, randomBytes(11));
    await expect(alice.uploadFile(GROUP, path)).rejects.toThrow(failsWith('file_exists'));
  });

  it('refuses a download of nothing, one that is on its way, and one over an existing file', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const bob = await cluster.member('bob');
    await expect(bob.downloadFile(GROUP, 'none')).rejects.toThrow(failsWith('unknown_file'));
    await expect(bob.downloadFile('nothing', 'none')).rejects.toThrow(failsWith('not_admitted'));
    await expect(bob.downloadFile(GROUP, '../up')).rejects.toThrow(failsWith('bad_name'));
    await alice.uploadFile(GROUP, await cluster.file('a.bin', randomBytes(100)));
    const folder = join(cluster.folder, 'taken');
    await mkdir(folder);
    await writeFile(join(folder, 'a.bin'), 'mine');
    const download = await bob.downloadFile(GROUP, 'a.bin', { folder });
    await expect(download.completed).rejects.toThrow(failsWith('already_exists'));
    const overwriting = await bob.downloadFile(GROUP, 'a.bin', { folder, overwrite: true });
    await overwriting.completed;
    await expect(bob.downloadFile(GROUP, 'a.bin')).rejects.toThrow(failsWith('already_here'));
    await expect(alice.downloadFile(GROUP, 'a.bin')).rejects.toThrow(failsWith('already_here'));
    await expect(bob.stopSharing(GROUP, 'none')).rejects.toThrow(failsWith('not_shared_here'));
  });

  it('refuses another peer that wants no piece, and goes on serving it', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const { file } = await alice.uploadFile(GROUP, await cluster.file('a.bin', randomBytes(10)));
    const channel = await createTcpNetwork().connect(alice.address);
    await using connection = createConnection({ channel, clock: createSystemClock(), trusted: true });
    const other = connection.client(peerContract);
    await other.present_membership({ groupId: GROUP, ...(await cluster.card('eve')) });
    const pieces = async (want: number[], maxPieces: number): Promise<string[]> => {
      const request = { groupId: GROUP, root: file.root, want, maxPieces, begun: [] };
      const kinds: string[] = [];
      for await (const { kind } of other.send_pieces(request, { timeoutMs: 10_000 })) kinds.push(kind);
      return kinds;
    };
    await expect(pieces([0], 0)).rejects.toThrow(failsWith('bad_request'));
    await expect(pieces([], 1)).rejects.toThrow(failsWith('bad_request'));
    expect(await pieces([0], 1)).toEqual(['piece', 'block']);
  });

  it('says that no tracker can be reached, where it looked, and does not wait for ever', async () => {
    await using cluster = await Cluster.start();
    const { address } = cluster.tracker;
    await cluster.tracker.close();
    const peer = await cluster.peer('alone', { trackerPatienceMs: 300 });
    await expect(peer.createUser('alone', PASSWORD)).rejects.toThrow(
      expect.objectContaining({
        code: 'tracker_unreachable',
        message: expect.stringContaining(`${address.host}:${address.port}`),
      }),
    );
  });
});
