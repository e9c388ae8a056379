/** Two real trackers as one, of which one dies, falls silent or comes back while peers work. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createManifest, createPieceLayout } from '@minitorrent/chunk-store';
import type { Handlers } from '@minitorrent/rpc-core';
import { describe, expect, it, vi } from 'vitest';
import type { peerContract } from '../../src/contract.ts';
import type { Peer, PeerEvents } from '../../src/index.ts';
import { Cluster, GROUP } from '../support/cluster.ts';
import { startRelay } from '../support/relay.ts';
import { honest } from '../support/rogues.ts';

const bytes = randomBytes(4_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });
const { pieceCount } = createPieceLayout(manifest);

function next<E extends keyof PeerEvents>(peer: Peer, event: E): Promise<PeerEvents[E]> {
  return new Promise((resolve) => peer.on(event, (...args) => resolve(args)));
}

/** Every tracker of the cluster has the peer logged in. */
async function loggedInEverywhere(cluster: Cluster, sessions: number): Promise<void> {
  await vi.waitFor(async () => {
    for (const tracker of cluster.trackers) expect((await tracker.stats()).sessions).toBe(sessions);
  }, 20_000);
}

/** A seeder that notes what is asked of it, and sends a piece only when it is let. */
function watched(gate: (piecesSent: number) => Promise<void>) {
  const good = honest(manifest, bytes);
  const pieces: number[] = [];
  let listeners = 0;
  const handlers: Handlers<typeof peerContract> = {
    ...good,
    send_piece_info(request, context) {
      listeners += 1;
      return good.send_piece_info(request, context);
    },
    async *send_pieces(request, context) {
      for await (const item of good.send_pieces(request, context)) {
        if (item.kind === 'piece') {
          await gate(pieces.length);
          pieces.push(item.index);
        }
        yield item;
      }
    },
  };
  return { handlers, pieces, listeners: () => listeners };
}

describe('a peer of two trackers', () => {
  it('sees no error when the one that decides dies in the middle of its calls, and nothing is done twice', async () => {
    await using cluster = await Cluster.startPair();
    const alice = await cluster.admin('alice');
    await loggedInEverywhere(cluster, 1);
    const groups = Array.from({ length: 12 }, (_, place) => `group-${place}`);
    for (const [place, group] of groups.entries()) {
      const made = alice.createGroup(group);
      if (place === 5) await cluster.stopTracker(0);
      await made;
      const { items } = await alice.listGroups();
      expect(items.map(({ groupId }) => groupId)).toContain(group);
    }
    const { items, mayBeStale } = await alice.listGroups();
    expect(items.map(({ groupId }) => groupId).toSorted()).toEqual([...groups, GROUP].toSorted());
    expect(mayBeStale).toBe(false);
  });

  it('goes on at once when the one that only follows dies', async () => {
    await using cluster = await Cluster.startPair();
    const alice = await cluster.admin('alice', { trackers: cluster.addresses.toReversed() });
    await loggedInEverywhere(cluster, 1);
    const lost = next(alice, 'tracker-lost');
    await cluster.stopTracker(1);
    expect(await lost).toMatchObject([{ address: cluster.addresses[1] }]);
    expect(await alice.listGroups()).toMatchObject({ items: [{ groupId: GROUP }] });
    await alice.createGroup('music');
  });

  it('is answered by the other tracker when one is frozen, and gives the frozen one up', async () => {
    await using cluster = await Cluster.startPair();
    const [first, second] = cluster.addresses;
    if (first === undefined || second === undefined) throw new TypeError('There are not two trackers');
    await using relay = await startRelay(first);
    const alice = await cluster.admin('alice', { trackers: [relay.address, second] });
    await loggedInEverywhere(cluster, 1);
    const lost = next(alice, 'tracker-lost');
    relay.freeze();
    await alice.createGroup('music');
    // It lives and is reached by others, so it still decides.
    expect(await alice.listGroups()).toMatchObject({
      mayBeStale: true,
      items: [{ groupId: GROUP }, { groupId: 'music' }],
    });
    expect(await lost).toMatchObject([{ address: relay.address, reason: 'it does not answer' }]);
    const back = next(alice, 'tracker-connected');
    relay.thaw();
    expect(await back).toMatchObject([{ address: relay.address, userId: 'alice' }]);
    expect(await alice.listGroups()).toMatchObject({ mayBeStale: false });
  });

  it('is asked once and told once, though both trackers ask and tell', async () => {
    await using cluster = await Cluster.startPair();
    const joinPolicy = vi.fn(async () => 'accept' as const);
    await cluster.admin('alice', { joinPolicy });
    await loggedInEverywhere(cluster, 1);
    const bob = await cluster.user('bob');
    await loggedInEverywhere(cluster, 2);
    const told: string[] = [];
    bob.on('membership-changed', ({ groupId, standing }) => told.push(`${groupId} ${standing}`));
    await bob.joinGroup(GROUP);
    await bob.leaveGroup(GROUP);
    await bob.joinGroup(GROUP);
    await bob.leaveGroup(GROUP);
    await vi.waitFor(() => expect(told).toHaveLength(4), 20_000);
    // What both trackers tell of a later change has come after what they told before.
    await bob.joinGroup(GROUP);
    await vi.waitFor(() => expect(told).toHaveLength(5), 20_000);
    const once = [`${GROUP} member`, `${GROUP} removed`];
    expect(told).toEqual([...once, ...once, `${GROUP} member`]);
    expect(joinPolicy).toHaveBeenCalledTimes(3);
  });
});

describe('a running transfer', () => {
  it('does not notice that its trackers die', async () => {
    await using cluster = await Cluster.startPair();
    await cluster.admin('alice');
    await cluster.listed(manifest);
    const [begun, dead] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const seeder = watched(async (sent) => {
      if (sent < pieceCount / 4) return;
      begun.resolve();
      await dead.promise;
    });
    await cluster.impostor('seeder', manifest, seeder.handlers);
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    await begun.promise;
    for (const place of [0, 1]) await cluster.stopTracker(place);
    dead.resolve();
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    // No piece was asked for again, and no connection was made again.
    expect(seeder.pieces.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: pieceCount }, (_, index) => index),
    );
    expect(seeder.listeners()).toBe(1);
  });
});

describe('what a peer has', () => {
  it('is known to both trackers, and to one that lost it soon again', async () => {
    await using cluster = await Cluster.startPair();
    const alice = await cluster.admin('alice');
    await loggedInEverywhere(cluster, 1);
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    const presence = async (): Promise<number[]> =>
      Promise.all(cluster.trackers.map(async (tracker) => (await tracker.stats()).presence.shares));
    await vi.waitFor(async () => expect(await presence()).toEqual([1, 1]), 20_000);
    await cluster.stopTracker(1);
    await cluster.startTracker(1);
    await vi.waitFor(async () => expect(await presence()).toEqual([1, 1]), 20_000);
    await cluster.inSync();
    const carol = await cluster.member('carol', { trackers: cluster.addresses.toReversed() });
    const download = await carol.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    await alice.stopSharing(GROUP, 'a.bin');
    await vi.waitFor(async () => expect(await presence()).toEqual([0, 0]), 20_000);
  });
});
