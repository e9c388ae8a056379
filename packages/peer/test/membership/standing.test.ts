/** What users are told of their own standing in a group, and what becomes of downloads when they lose it. */
import { stat } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import type { PeerEvents } from '../../src/index.ts';
import { GROUP, GroupScene } from '../support/group-scene.ts';

const SOON = { timeout: 20_000 };

describe('a member', () => {
  it('is told of each change together with what they were until then', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bob = await scene.user('bob');
    const told: PeerEvents['membership-changed'][0][] = [];
    bob.on('membership-changed', (change) => told.push(change));
    const hears = async (change: Omit<PeerEvents['membership-changed'][0], 'groupId'>) => {
      await vi.waitFor(() => expect(told.at(-1)).toEqual({ groupId: GROUP, ...change }), SOON);
      // The next one is compared with what this device can prove by then.
      await bob.listMembers(GROUP);
      await vi.waitFor(async () => expect(await roleOf()).toBe(change.standing), SOON);
    };
    const roleOf = async () =>
      (await alice.listMembers(GROUP)).items.find(({ userId }) => userId === 'bob')?.role ?? 'removed';

    await bob.joinGroup(GROUP);
    await alice.acceptRequest(GROUP, 'bob');
    await hears({ standing: 'member', was: undefined });
    await bob.uploadFile(GROUP, await scene.file('a.bin'));
    await alice.makeAdmin(GROUP, 'bob');
    await hears({ standing: 'admin', was: 'member' });
    // Only an admin can do it: the new proof is here.
    await vi.waitFor(() => bob.invite(GROUP), SOON);
    await alice.unmakeAdmin(GROUP, 'bob');
    await hears({ standing: 'member', was: 'admin' });
    await alice.removeMember(GROUP, 'bob');
    await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ standing: 'removed' }), SOON);
  });

  it('who is removed in the middle of a download is told why it ends, and keeps what was fetched', async () => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const carol = await scene.member('carol', alice);
    await carol.uploadFile(GROUP, await scene.file('a.bin'));
    // Nobody has it now, so that the download waits.
    await carol[Symbol.asyncDispose]();
    const bob = await scene.member('bob', alice);
    const download = await bob.downloadFile(GROUP, 'a.bin');
    await vi.waitFor(() => expect(download.path).toBeDefined(), SOON);
    const { path = '' } = download;
    const failed = vi.fn();
    bob.on('download-failed', failed);

    await alice.removeMember(GROUP, 'bob');
    await expect(download.completed).rejects.toMatchObject({
      code: 'removed_from_group',
      message: expect.stringContaining(`no longer a member of ${GROUP}`),
    });
    await expect(download.completed).rejects.toThrow(`(what was fetched stays in ${path})`);
    await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce(), SOON);
    expect((await stat(path)).isFile()).toBe(true);
    expect(download.progress().state).toBe('failed');
    expect(bob.downloads()).toEqual([]);

    await bob.joinGroup(GROUP);
    await alice.acceptRequest(GROUP, 'bob');
    const again = await vi.waitFor(() => bob.downloadFile(GROUP, 'a.bin'), SOON);
    await vi.waitFor(() => expect(again.path).toBe(path), SOON);
    // Who leaves by themselves wants none of it.
    await bob.leaveGroup(GROUP);
    await expect(again.completed).rejects.toMatchObject({ code: 'cancelled' });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
