/** Trackers that can be reached and give no stamps, as one of a pair that does not hear of the other: for peers there is none. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RpcError } from '@minitorrent/rpc-core';
import { STAMP_LIFE_MS } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import { GROUP, GroupScene } from '../support/group-scene.ts';

const notPrimary = (): never => {
  throw new RpcError('not_primary', 'Cannot give stamps: somebody may have been removed elsewhere');
};

/** A file of alice's, and bob who may have it; then the stamps of both end, and there are no others. */
async function withoutStamps(scene: GroupScene, options: { readonly membershipGraceMs?: number }) {
  const alice = await scene.user('alice', options);
  await alice.createGroup(GROUP);
  const bytes = randomBytes(100_000);
  await alice.uploadFile(GROUP, await scene.file('a.bin', bytes));
  const bob = await scene.member('bob', alice);
  // Both have their stamps.
  await bob.downloadFile(GROUP, 'a.bin').then(({ completed }) => completed);
  await alice.uploadFile(GROUP, await scene.file('b.bin', bytes));
  await scene.lie({ answers: { group_stamps: notPrimary } });
  scene.clock.aheadMs += STAMP_LIFE_MS + 60_000;
  return { bytes, bob };
}

describe('peers whose trackers give no stamps', () => {
  it('go on among members for the grace', async () => {
    await using scene = await GroupScene.start();
    const { bob, bytes } = await withoutStamps(scene, {});
    const { completed } = await bob.downloadFile(GROUP, 'b.bin');
    expect(bytes.equals(await readFile(await completed))).toBe(true);
    expect(scene.asked).toContain('group_stamps');
  });

  it('serve nobody where there is no grace, and say why', async () => {
    await using scene = await GroupScene.start();
    const { bob } = await withoutStamps(scene, { membershipGraceMs: 0 });
    const download = await bob.downloadFile(GROUP, 'b.bin');
    await vi.waitFor(() => {
      const problems = download.progress().peers.map(({ problem }) => problem);
      expect(problems).toContainEqual(expect.stringMatching(/the stamp ended \d+ s ago/));
    }, 20_000);
    expect(download.progress().verifiedBytes).toBe(0);
    await download.cancel();
  });
});
