/** A tracker that invents a member: on every list and in every swarm, with its own key and all proofs that it has seen. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  type Connection,
  createConnection,
  createServer,
  createSystemClock,
  serve,
} from '@minitorrent/rpc-core';
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import {
  extendProof,
  foundGroup,
  lastGrantOf,
  STAMP_LIFE_MS,
  signFile,
  signStamp,
} from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import type { MembershipCard } from '../../src/admission.ts';
import { type Peer, peerContract } from '../../src/index.ts';
import { GROUP, GroupScene } from '../support/group-scene.ts';
import { groupKeyOf } from '../support/membership-world.ts';

interface Knowledge {
  readonly tracker: Identity;
  readonly eve: Identity;
  /** Proofs of members, which a tracker keeps. */
  readonly alice: Uint8Array;
  readonly bob: Uint8Array;
}

const founding = () => ({ groupId: GROUP, userId: 'eve', nonce: randomBytes(16) });

function grantTo({ deviceId }: Identity) {
  const member = { groupId: GROUP, userId: 'eve', deviceId, role: 'admin', memberEpoch: 2 } as const;
  return { ...member, notAfterMs: Number.MAX_SAFE_INTEGER };
}

const PROOFS: readonly (readonly [string, (known: Knowledge) => Uint8Array])[] = [
  ['that founds a group of that name', ({ eve }) => foundGroup(eve, founding())],
  [
    'that the tracker lets into a group of its own',
    ({ tracker, eve }) => extendProof(foundGroup(tracker, founding()), tracker, grantTo(eve)),
  ],
  [
    'whom the tracker signs in behind the founder',
    ({ tracker, eve, alice }) => extendProof(alice, tracker, grantTo(eve)),
  ],
  ['that signs itself in behind a member', ({ eve, bob }) => extendProof(bob, eve, grantTo(eve))],
  ['with the proof of a member', ({ bob }) => bob],
  ['with the proof of the founder', ({ alice }) => alice],
];

describe('a member whom a tracker invents', () => {
  it.each(PROOFS)('%s gets no byte and no root, and shares nothing', async (_, prove) => {
    await using scene = await GroupScene.start();
    const alice = await scene.user('alice');
    await alice.createGroup(GROUP);
    const bytes = randomBytes(300_000);
    const { file } = await alice.uploadFile(GROUP, await scene.file('a.bin', bytes));
    const bob = await scene.member('bob', alice);
    const eve = createIdentity();
    const known = { tracker: scene.trackerIdentity, eve, ...(await proofsSeen(scene)) };
    const proof = prove(known);
    const stamp = signStamp(scene.trackerIdentity, {
      ...{ groupKey: groupKeyOf(known.alice), userId: 'eve', deviceId: eve.deviceId, memberEpoch: 1_000 },
      notAfterMs: Date.now() + STAMP_LIFE_MS,
    });
    await using rogue = await rogueOf(scene, eve, { proof, stamp });
    const evil = { name: 'evil.bin', size: 1, pieceLength: 65_536, root: randomBytes(32) };
    const shared = { file: evil, sharedBy: 'eve', sharedAtMs: 0, seeders: 1, leechers: 0 };
    const signature = signFile(eve, { groupId: GROUP, userId: 'eve', file: evil });
    const place = {
      userId: 'eve',
      deviceId: eve.deviceId,
      host: 'eve',
      port: 1,
      holding: 'complete',
    } as const;
    const member = { userId: 'eve', role: 'admin', sinceMs: 0, deviceIds: [eve.deviceId] } as const;
    await scene.lie({
      answers: {
        list_members: (truth) => ({ ...truth, members: [...truth.members, member] }),
        list_file: (truth) => ({
          ...truth,
          files: [...truth.files, { ...shared, signature }],
          sharers: [...truth.sharers, proof],
        }),
        announce: (truth) => ({
          ...truth,
          swarms: truth.swarms.map((swarm) => ({ ...swarm, peers: [place, ...swarm.peers] })),
        }),
      },
      told: { make_file: (truth) => ({ ...truth, peers: [place, ...truth.peers] }) },
    });
    for (const peer of [alice, bob]) {
      expect((await peer.listFiles(GROUP)).items).toMatchObject([
        { file: { name: 'a.bin' }, isSigned: true },
        { file: { name: 'evil.bin' }, isSigned: false, sharedByDevice: undefined },
      ]);
      // Who was invented is seen at least, in a group that is still the same.
      const { items, groupKey } = await peer.listMembers(GROUP);
      expect(items.map(({ userId }) => userId)).toEqual(['alice', 'bob', 'eve']);
      expect(groupKey).toEqual(groupKeyOf(known.alice));
    }
    const download = await bob.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    // Bob has shown himself to her, and looked at her, and that was all.
    expect(rogue.cards.length).toBeGreaterThan(0);
    expect(rogue.asked).toEqual([]);
    for (const peer of [alice, bob]) {
      for (const shown of [{ proof, stamp }, ...rogue.cards.slice(0, 1)]) {
        const connection = await rogue.call(peer);
        await expect(
          connection.client(peerContract).present_membership({ groupId: GROUP, ...shown }),
        ).rejects.toMatchObject({ code: expect.stringMatching(/^(bad_proof|not_admitted|wrong_device)$/) });
        expect(await outcomes(connection, file.root)).toEqual(Array(3).fill('not_admitted'));
      }
    }
    // All that anybody sent of it is what bob got.
    expect(alice.shares()[0]?.uploadedBytes).toBe(bytes.length);
    expect(bob.shares()[0]?.uploadedBytes).toBe(0);
  });

  it('cannot put a file in the place of one', async () => {
    for (const [, prove] of PROOFS) {
      await using scene = await GroupScene.start();
      const alice = await scene.user('alice');
      await alice.createGroup(GROUP);
      await alice.uploadFile(GROUP, await scene.file('a.bin'));
      const bob = await scene.member('bob', alice);
      const eve = createIdentity();
      const known = { tracker: scene.trackerIdentity, eve, ...(await proofsSeen(scene)) };
      const evil = { name: 'a.bin', size: 1, pieceLength: 65_536, root: randomBytes(32) };
      const signature = signFile(eve, { groupId: GROUP, userId: 'eve', file: evil });
      const lie = { file: evil, sharedBy: 'eve', signature, sharer: prove(known) };
      await scene.lie({ told: { make_file: (truth) => ({ ...truth, ...lie }) } });
      await expect(bob.downloadFile(GROUP, 'a.bin')).rejects.toMatchObject({ code: 'bad_signature' });
      expect(bob.downloads()).toEqual([]);
    }
  });
});

/** What passes through a tracker's hands: the proofs of both. */
async function proofsSeen(scene: GroupScene) {
  const seen = new Map<string, Uint8Array>();
  await scene.lie({
    answers: {
      group_stamps: (truth) => {
        for (const { membership } of truth.stamps) {
          if (membership === undefined) continue;
          seen.set(lastGrantOf(membership.proof)?.userId ?? '', membership.proof.slice());
        }
        return truth;
      },
    },
  });
  return await vi.waitFor(() => {
    const [alice, bob] = ['alice', 'bob'].map((userId) => seen.get(userId));
    if (alice === undefined || bob === undefined) throw new Error('Not yet');
    return { alice, bob };
  }, 20_000);
}

/** Eve, who answers at her place, and can call others. */
async function rogueOf(scene: GroupScene, eve: Identity, card: MembershipCard) {
  const resources = new AsyncDisposableStack();
  const network = scene.network.from('eve', eve.deviceId);
  const clock = createSystemClock();
  const cards: MembershipCard[] = [];
  const asked: string[] = [];
  const told = (name: string) => (): never => {
    asked.push(name);
    throw new Error('She was asked for something of the group');
  };
  const served = serve(peerContract, {
    present_membership: async ({ proof, stamp }) => {
      cards.push({ proof: proof.slice(), stamp: stamp.slice() });
      return card;
    },
    send_piece_info: told('send_piece_info'),
    send_piece_layer: told('send_piece_layer'),
    send_pieces: told('send_pieces'),
  });
  const address = { host: 'eve', port: 1 };
  resources.use(await createServer({ network, clock, address, serve: [served], trusted: true }));
  const call = async (peer: Peer): Promise<Connection> => {
    const channel = await network.connect(peer.address, { expect: peer.deviceId });
    return resources.use(createConnection({ channel, clock, trusted: true }));
  };
  return { cards, asked, call, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** What comes of each of the three messages about a file. */
async function outcomes(connection: Connection, root: Uint8Array): Promise<string[]> {
  const client = connection.client(peerContract);
  const file = { groupId: GROUP, root };
  const first = async (items: AsyncIterable<unknown>): Promise<unknown> => {
    for await (const item of items) return item;
    throw new Error('nothing came');
  };
  const answers = [
    first(client.send_piece_info(file)),
    client.send_piece_layer({ ...file, first: 0, count: 1 }),
    first(client.send_pieces({ ...file, want: [0], maxPieces: 1, begun: [] })),
  ];
  const settled = await Promise.allSettled(answers);
  return settled.map((outcome) => (outcome.status === 'fulfilled' ? 'served' : outcome.reason.code));
}
