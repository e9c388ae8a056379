/** Peers that let members of a group in and nobody else, with a real tracker, an altered one, and none. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createManifest } from '@minitorrent/chunk-store';
import type { Connection } from '@minitorrent/rpc-core';
import { extendProof, foundGroup, STAMP_LIFE_MS, signStamp } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import { peerContract } from '../../src/contract.ts';
import type { Peer, Share } from '../../src/index.ts';
import { card, GROUP, MembersScene, present } from '../support/members-scene.ts';
import { groupKeyOf } from '../support/membership-world.ts';
import { honest } from '../support/rogues.ts';

const bytes = randomBytes(3_000_000);

describe('peers that require membership', () => {
  for (const isSecure of [false, true]) {
    const where = isSecure ? 'over TLS' : 'in memory';

    it(`exchange a file of their group, ${where}`, async () => {
      await using scene = await MembersScene.start({ isSecure });
      const alice = await scene.founder('alice');
      const bob = await scene.member('bob', alice);
      await share(scene, await scene.peer(alice));
      const download = await (await scene.peer(bob)).downloadFile(GROUP, 'a.bin');
      expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    });

    it(`cut a member off in the middle of a download when they hear of the removal, ${where}`, async () => {
      await using scene = await MembersScene.start({ isSecure });
      const alice = await scene.founder('alice');
      const bob = await scene.member('bob', alice);
      const peer = await scene.peer(alice);
      const { file } = await share(scene, peer);
      const connection = await scene.call(bob, peer);
      await present(connection, await card(bob));
      const want = Array.from({ length: Math.ceil(file.size / file.pieceLength) }, (_, index) => index);
      const request = { groupId: GROUP, root: file.root, want, maxPieces: want.length, begun: [] };
      const items = connection.client(peerContract).send_pieces(request, { windowBytes: 1 });
      const pieces = items[Symbol.asyncIterator]();
      await pieces.next();
      await pieces.next();
      await alice.tracker.remove_member({ requestId: randomBytes(16), groupId: GROUP, userId: 'bob' });
      // Bob's stamp is good for ten minutes.
      await vi.waitFor(() => expect(connection.signal.aborted).toBe(true), 20_000);
      expect(await connection.closed).toMatchObject({ error: { code: 'device_revoked' } });
      await expect(drain(pieces)).rejects.toThrow();
    });
  }

  it('serve nothing before both have shown themselves', async () => {
    await using scene = await MembersScene.start();
    const alice = await scene.founder('alice');
    const bob = await scene.member('bob', alice);
    const peer = await scene.peer(alice);
    const { file } = await share(scene, peer);
    const connection = await scene.call(bob, peer);
    await expect(ask(connection, file)).resolves.toEqual(Array(3).fill('not_admitted'));
    const shown = await present(connection, await card(bob));
    expect(groupKeyOf(shown.proof)).toEqual(groupKeyOf((await card(bob)).proof));
    await expect(ask(connection, file)).resolves.toEqual(Array(3).fill('served'));
  });

  it('give nothing to a member whom a tracker invents', async () => {
    await using scene = await MembersScene.start();
    const alice = await scene.founder('alice');
    const bob = await scene.member('bob', alice);
    const peer = await scene.peer(alice);
    const { file } = await share(scene, peer);
    // The tracker has her for a member, and signs whatever she likes.
    const eve = await scene.member('eve', alice, { isProved: false });
    const { deviceId } = eve.identity;
    const { proof: bobs } = await card(bob);
    const member = { groupId: GROUP, userId: 'eve', deviceId, role: 'member', memberEpoch: 1 } as const;
    const grant = { ...member, notAfterMs: Number.MAX_SAFE_INTEGER };
    const founding = { groupId: GROUP, userId: 'eve', nonce: randomBytes(16) };
    const proofs = [
      foundGroup(eve.identity, founding),
      extendProof(foundGroup(scene.trackerIdentity, founding), scene.trackerIdentity, grant),
      extendProof((await card(alice)).proof, scene.trackerIdentity, grant),
      extendProof(bobs, eve.identity, grant),
      bobs,
    ];
    const stamp = signStamp(scene.trackerIdentity, {
      ...{ groupKey: groupKeyOf(bobs), userId: 'eve', deviceId, memberEpoch: 1_000 },
      notAfterMs: Date.now() + STAMP_LIFE_MS,
    });
    for (const proof of proofs) {
      const connection = await scene.call(eve, peer);
      await expect(present(connection, { proof, stamp })).rejects.toMatchObject({
        code: expect.stringMatching(/^(bad_proof|not_admitted|wrong_device)$/),
      });
      await expect(ask(connection, file)).resolves.toEqual(Array(3).fill('not_admitted'));
    }
    expect(peer.shares()[0]?.uploadedBytes).toBe(0);
  });

  it('name no file to one whom only the tracker has for a member, and say why', async () => {
    await using scene = await MembersScene.start();
    const alice = await scene.founder('alice');
    const bob = await scene.member('bob', alice);
    const eve = await scene.member('eve', alice, { isProved: false });
    const source = await scene.peer(alice);
    const { file } = await share(scene, source);
    await source.close();
    const asked = vi.fn();
    const shown = await card(alice);
    const handlers = honest(createManifest({ name: 'a.bin', bytes }), bytes, {
      present_membership: async () => shown,
      send_piece_layer: asked,
      send_piece_info: asked,
      send_pieces: asked,
    });
    await scene.holder(eve, file.root, handlers);
    const download = await (await scene.peer(bob)).downloadFile(GROUP, 'a.bin');
    const problem = expect.stringContaining(
      'Cannot admit this device to films: the proof is of another device',
    );
    await vi.waitFor(() => {
      const peers = download.progress().peers.filter(({ userId }) => userId === 'eve');
      expect(peers).toMatchObject([{ state: 'waiting', problem }]);
    }, 20_000);
    expect(asked).not.toHaveBeenCalled();
    await download.cancel();
  });

  it('serve after a restart without trackers whom they know, for the grace, and no stranger', async () => {
    await using scene = await MembersScene.start();
    const { bob, eve, peer, file, cards } = await lonely(scene, {});
    expect(peer.shares()).toMatchObject([{ state: 'serving' }]);
    const connection = await scene.call(bob, peer);
    await present(connection, cards.bob);
    await expect(ask(connection, file)).resolves.toEqual(Array(3).fill('served'));
    const stranger = await scene.call(eve, peer);
    await expect(present(stranger, cards.eve)).rejects.toMatchObject({ code: 'not_admitted' });
    await expect(present(stranger, cards.bob)).rejects.toMatchObject({ code: 'wrong_device' });
    await expect(ask(stranger, file)).resolves.toEqual(Array(3).fill('not_admitted'));
    scene.passes(24 * 3_600_000);
    await expect(ask(connection, file)).resolves.toEqual(Array(3).fill('not_admitted'));
  });

  it('serve nobody without trackers where there is no grace', async () => {
    await using scene = await MembersScene.start();
    const { bob, eve, peer, file, cards } = await lonely(scene, { membershipGraceMs: 0 });
    for (const [hand, shown] of [
      [bob, cards.bob],
      [eve, cards.eve],
    ] as const) {
      const connection = await scene.call(hand, peer);
      await expect(present(connection, shown)).rejects.toMatchObject({ code: expect.any(String) });
      await expect(ask(connection, file)).resolves.toEqual(Array(3).fill('not_admitted'));
    }
  });
});

/** Alice's peer, started anew while all trackers are dead and every stamp has ended. */
async function lonely(scene: MembersScene, options: { readonly membershipGraceMs?: number }) {
  const alice = await scene.founder('alice');
  const bob = await scene.member('bob', alice);
  const eve = await scene.hand('eve');
  const before = await scene.peer(alice);
  const { file } = await share(scene, before);
  const own = foundGroup(eve.identity, { groupId: GROUP, userId: 'eve', nonce: randomBytes(16) });
  const bobs = await card(bob);
  const cards = { bob: bobs, eve: { proof: own, stamp: bobs.stamp } };
  await before.close();
  await scene.stopTracker();
  scene.passes(STAMP_LIFE_MS + 60_000);
  const peer = await scene.peer(alice, { ...options, trackerPatienceMs: 500 });
  return { bob, eve, peer, file, cards };
}

async function share(scene: MembersScene, peer: Peer): Promise<Share> {
  return await peer.uploadFile(GROUP, await scene.file('a.bin', bytes));
}

/** What comes of each of the three messages about a file. */
async function ask(connection: Connection, { root }: Share['file']): Promise<string[]> {
  const client = connection.client(peerContract);
  const file = { groupId: GROUP, root };
  const cut = new AbortController();
  const first = async (items: AsyncIterable<unknown>): Promise<unknown> => {
    for await (const item of items) return item;
    throw new Error('nothing came');
  };
  const answers = [
    first(client.send_piece_info(file, { signal: cut.signal })),
    client.send_piece_layer({ ...file, first: 0, count: 1 }),
    first(client.send_pieces({ ...file, want: [0], maxPieces: 1, begun: [] })),
  ];
  const outcomes = await Promise.allSettled(answers);
  cut.abort();
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'served' : outcome.reason.code));
}

async function drain(items: AsyncIterator<unknown>): Promise<void> {
  while (!(await items.next()).done);
}
