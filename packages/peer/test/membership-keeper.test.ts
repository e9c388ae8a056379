import { RpcError } from '@minitorrent/rpc-core';
import { createManualClock, createSeededRandom, drainMicrotasks } from '@minitorrent/rpc-core/testing';
import { extendProof, foundGroup, STAMP_LIFE_MS } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import type { MembershipCard } from '../src/admission.ts';
import { MembershipGuard, type Revocation } from '../src/membership-guard.ts';
import { type Library, openLibrary } from '../src/shell/library.ts';
import { MembershipKeeper } from '../src/shell/membership-keeper.ts';
import type { TrackerClient } from '../src/tracker-client.ts';
import { founding, GROUP, MembershipWorld, NEVER_MS, userOf } from './support/membership-world.ts';

const HALF_MS = STAMP_LIFE_MS / 2;

describe('MembershipKeeper', () => {
  it('fetches proof and stamp of the groups that a tracker named, pins the key, and keeps all of it', async () => {
    await using scene = setUp();
    expect(scene.keeper.hasTracker).toBe(false);
    await scene.begin();
    expect(scene.keeper.card(GROUP)).toEqual(scene.given());
    expect(scene.guard.groupKey(GROUP)).toEqual(scene.world.groupKey);
    const record = { groupId: GROUP, groupKey: scene.world.groupKey, card: scene.given() };
    expect(scene.library.memberships.all('user-1')).toEqual([record]);
    expect(scene.renewed).toEqual([GROUP]);
    expect(scene.keeper.hasTracker).toBe(true);
  });

  it('fetches another stamp before the last one has half run out, and not much before', async () => {
    await using scene = setUp();
    await scene.begin();
    await scene.passes(HALF_MS * 0.8);
    expect(scene.renewed).toHaveLength(1);
    await scene.passes(HALF_MS * 0.2);
    expect(scene.renewed).toHaveLength(2);
    expect(scene.keeper.card(GROUP)).toEqual(scene.given());
  });

  it('does not believe a tracker that tells of another key later, and says so once', async () => {
    await using scene = setUp();
    await scene.begin();
    const before = scene.keeper.card(GROUP);
    const { world } = scene;
    const other = foundGroup(world.identity(1), founding(1));
    scene.answer = async (groups) => groups.map((groupId) => ({ ...scene.stampFor(groupId, other) }));
    await scene.passes(HALF_MS);
    await scene.passes(HALF_MS);
    expect(scene.wrongKeys).toEqual([[GROUP, 'wrong_group_key']]);
    expect(scene.keeper.card(GROUP)).toBe(before);
    expect(scene.guard.groupKey(GROUP)).toEqual(world.groupKey);
  });

  it('takes neither a proof of another device nor what is no proof', async () => {
    await using scene = setUp();
    const founder = scene.world.proofs[0]?.bytes ?? new Uint8Array(0);
    for (const proof of [founder, new Uint8Array(3)]) {
      scene.answer = async (groups) => groups.map((groupId) => ({ ...scene.stampFor(groupId, proof) }));
      await scene.begin();
      expect(scene.keeper.card(GROUP)).toBeUndefined();
      expect(scene.guard.groupKey(GROUP)).toBeUndefined();
      await scene.keeper.end();
    }
  });

  it('knows after a restart without trackers what it is, whom it knows and who was removed', async () => {
    await using scene = setUp();
    await scene.begin();
    scene.keeper.revoked(removal(scene.world, 2, 7));
    const card = scene.keeper.card(GROUP);
    await using again = setUp({ library: scene.library, isLive: false });
    again.keeper.begin('user-1');
    expect(again.keeper.card(GROUP)).toEqual(card);
    expect(again.guard.groupKey(GROUP)).toEqual(scene.world.groupKey);
    scene.world.accept(0, 2, 'member');
    const proof = scene.world.proofs.at(-1)?.bytes ?? new Uint8Array(0);
    const shown = { groupId: GROUP, proof, stamp: card?.stamp ?? new Uint8Array(0), deviceId: undefined };
    expect(again.guard.check(shown, { nowMs: 0, hasTracker: false })).toMatchObject({
      code: 'device_revoked',
    });
    again.keeper.begin('user-2');
    expect(again.keeper.card(GROUP)).toBeUndefined();
  });

  it('keeps a revocation before it answers, and hands it on each time it is told', async () => {
    await using scene = setUp();
    await scene.begin();
    const told = removal(scene.world, 2, 7);
    scene.keeper.revoked(told);
    expect(scene.library.memberships.revocations('user-1')).toEqual([told]);
    scene.keeper.revoked(removal(scene.world, 2, 5));
    expect(scene.library.memberships.revocations('user-1')).toEqual([told]);
    expect(scene.admissions.revoke).toHaveBeenCalledTimes(2);
  });

  it('learns with a stamp of removals that it was not told of, each once', async () => {
    await using scene = setUp();
    const [told, later] = [removal(scene.world, 2, 7), removal(scene.world, 0, 8)];
    scene.wasRevoked = [told, later].map(({ userId, memberEpoch, deviceIds: [deviceId] }) => ({
      ...{ userId, memberEpoch },
      deviceId: deviceId ?? new Uint8Array(32),
    }));
    await scene.begin();
    await scene.passes(STAMP_LIFE_MS);
    expect(scene.asked.length).toBeGreaterThan(1);
    expect(scene.admissions.revoke.mock.calls).toEqual([[told], [later]]);
    expect(scene.library.memberships.revocations('user-1')).toHaveLength(2);
  });

  it('keeps nothing of groups that the user has nothing to do with', async () => {
    await using scene = setUp();
    await scene.begin();
    scene.keeper.revoked({ ...removal(scene.world, 2, 7), groupId: 'books' });
    expect(scene.admissions.revoke).not.toHaveBeenCalled();
    expect(scene.library.memberships.revocations('user-1')).toEqual([]);
    // Of one that the user was in it does: they may be let in again.
    scene.keeper.removed(GROUP);
    scene.keeper.revoked(removal(scene.world, 2, 7));
    expect(scene.library.memberships.revocations('user-1')).toEqual([removal(scene.world, 2, 7)]);
  });

  it('believes a tracker that the user is in many groups, and not in any number of them', async () => {
    await using scene = setUp();
    await scene.begin();
    scene.answer = async () => [];
    scene.asked.length = 0;
    for (let at = 0; at < 1_100; at += 1) scene.keeper.changed(`group-${at}`);
    scene.keeper.letIn('user-1', [{ groupId: 'books' }]);
    scene.keeper.changed(GROUP);
    await drainMicrotasks();
    const asked = scene.asked.flat();
    expect(asked).toHaveLength(1_000);
    expect(asked).toContain(GROUP);
  });

  it('asks for a new proof when its own device was removed, for its role may have changed', async () => {
    await using scene = setUp();
    await scene.begin();
    scene.world.accept(0, 1, 'admin');
    scene.keeper.revoked(removal(scene.world, 1, scene.world.epoch - 1));
    await drainMicrotasks();
    expect(scene.keeper.card(GROUP)).toEqual(scene.given());
    expect(scene.renewed).toHaveLength(2);
  });

  it('keeps the key of a group that a tracker says the user is out of, and who was removed, and takes no other', async () => {
    await using scene = setUp();
    await scene.begin();
    const { world, keeper, library } = scene;
    const told = removal(world, 2, 7);
    keeper.revoked(told);
    keeper.removed(GROUP);
    expect(keeper.card(GROUP)).toBeUndefined();
    expect(scene.admissions.endAll).toHaveBeenCalledWith(GROUP);
    expect(library.memberships.all('user-1')).toEqual([
      { groupId: GROUP, groupKey: world.groupKey, card: undefined },
    ]);
    expect(library.memberships.revocations('user-1')).toEqual([told]);
    const grant = world.grant(1, { role: 'member', epoch: 9, notAfterMs: NEVER_MS });
    const other = extendProof(foundGroup(world.identity(2), founding(2)), world.identity(2), grant);
    const truth = scene.answer;
    scene.answer = async (groups) => groups.map((groupId) => scene.stampFor(groupId, other));
    keeper.changed(GROUP);
    await drainMicrotasks();
    expect(keeper.card(GROUP)).toBeUndefined();
    expect(scene.wrongKeys).toEqual([[GROUP, 'wrong_group_key']]);
    // Let in again, into the same group.
    scene.answer = truth;
    keeper.changed(GROUP);
    await drainMicrotasks();
    expect(keeper.card(GROUP)).toEqual(scene.given());
    // A group that this device knows nothing of is none to keep.
    keeper.removed('books');
    expect(library.memberships.all('user-1').map(({ groupId }) => groupId)).toEqual([GROUP]);
  });

  it('forgets a group that the user has left, so that another of its name can be joined', async () => {
    await using scene = setUp();
    await scene.begin();
    scene.keeper.left(GROUP);
    expect(scene.keeper.card(GROUP)).toBeUndefined();
    expect(scene.library.memberships.all('user-1')).toEqual([]);
    expect(scene.admissions.endAll).toHaveBeenCalledWith(GROUP);
    await scene.passes(HALF_MS);
    expect(scene.keeper.card(GROUP)).toBeUndefined();
    scene.keeper.pin(GROUP, new Uint8Array(32));
    expect(scene.guard.groupKey(GROUP)).toEqual(new Uint8Array(32));
    expect(() => scene.keeper.pin(GROUP, scene.world.groupKey)).toThrow(
      expect.objectContaining({ code: 'wrong_group_key' }),
    );
  });

  it('has no tracker while none gives stamps, and asks at once when one comes back', async () => {
    await using scene = setUp();
    await scene.begin();
    scene.setLive(false);
    expect(scene.keeper.hasTracker).toBe(false);
    expect(scene.admissions.trackersChanged).toHaveBeenCalledTimes(2);
    scene.setLive(true);
    expect(scene.keeper.hasTracker).toBe(false);
    await drainMicrotasks();
    expect(scene.keeper.hasTracker).toBe(true);
    scene.answer = () => Promise.reject(new RpcError('not_primary', 'I may be stale'));
    await scene.passes(HALF_MS);
    expect(scene.keeper.hasTracker).toBe(false);
  });

  it('asks again for what did not fit into an answer', async () => {
    await using scene = setUp();
    const groups = Array.from({ length: 70 }, (_, at) => `group-${at}`);
    scene.answer = async (asked) =>
      asked.slice(0, 30).map((groupId) => ({ groupId, memberEpoch: 1, membership: undefined, revoked: [] }));
    scene.keeper.letIn(
      'user-1',
      groups.map((groupId) => ({ groupId })),
    );
    scene.keeper.begin('user-1');
    await drainMicrotasks();
    expect(new Set(scene.asked.flat())).toEqual(new Set(groups));
    expect(scene.asked).toHaveLength(3);
  });

  it('shows what has ended only while nobody gives anything newer', async () => {
    await using scene = setUp();
    await scene.begin();
    scene.answer = () => Promise.reject(new RpcError('not_primary', 'I may be stale'));
    const before = scene.keeper.card(GROUP);
    const { signal } = new AbortController();
    await scene.passes(STAMP_LIFE_MS + 1);
    await expect(scene.keeper.obtain(GROUP, signal)).resolves.toBe(before);
    scene.answer = async (groups) =>
      groups.map((groupId) => scene.stampFor(groupId, before?.proof ?? new Uint8Array(0)));
    await scene.passes(1_000);
    await expect(scene.keeper.obtain(GROUP, signal)).resolves.toEqual(scene.given());
    scene.setLive(false);
    await scene.passes(STAMP_LIFE_MS + 1);
    await expect(scene.keeper.obtain(GROUP, signal)).resolves.toEqual(scene.given());
  });

  it('does not hold back what has ended for a tracker that does not answer, and asks it once', async () => {
    await using scene = setUp();
    await scene.begin();
    const before = scene.keeper.card(GROUP);
    const late = Promise.withResolvers<Answer>();
    scene.answer = () => late.promise;
    await scene.passes(STAMP_LIFE_MS + 1);
    const asked = scene.asked.length;
    const { signal } = new AbortController();
    for (let times = 0; times < 3; times += 1) {
      const shown = scene.keeper.obtain(GROUP, signal);
      await scene.passes(1_000);
      expect(await shown).toBe(before);
    }
    expect(scene.asked.length).toBe(asked + 1);
    late.resolve([]);
  });

  it('asks for what is needed and not there, and not again at once', async () => {
    await using scene = setUp();
    scene.keeper.begin('user-1');
    await drainMicrotasks();
    const { signal } = new AbortController();
    await expect(scene.keeper.obtain(GROUP, signal)).resolves.toEqual(scene.given());
    scene.answer = async () => [];
    for (const group of ['books', 'books']) {
      await expect(scene.keeper.obtain(group, signal)).rejects.toMatchObject({ code: 'not_admitted' });
    }
    expect(scene.asked.filter((groups) => groups.includes('books'))).toHaveLength(1);
  });
});

type Answer = readonly { groupId: string; memberEpoch: number; membership: MembershipCard | undefined }[];

/** The keeper of device 1, which device 0 let into the group, and a tracker that can be altered. */
function setUp({
  library = openLibrary(':memory:'),
  isLive = true,
}: {
  library?: Library;
  isLive?: boolean;
} = {}) {
  const world = new MembershipWorld(3);
  world.accept(0, 1, 'member');
  const clock = createManualClock({ wallStart: world.nowMs });
  const trackerIds = world.trackers.map(({ deviceId }) => deviceId);
  const guard = new MembershipGuard({ trackerIds, graceMs: STAMP_LIFE_MS });
  const admissions = {
    revoke: vi.fn((told: Revocation) => void guard.revoke(told)),
    endAll: vi.fn(),
    trackersChanged: vi.fn(),
  };
  const link = { isLive };
  let tell = (): void => undefined;
  const scene = {
    ...{ world, guard, admissions, library },
    renewed: [] as string[],
    wrongKeys: [] as [string, string][],
    asked: [] as (readonly string[])[],
    wasRevoked: [] as { userId: string; deviceId: Uint8Array; memberEpoch: number }[],
    /** What the tracker gives for a proof, with a stamp of this moment. */
    stampFor: (groupId: string, proof: Uint8Array) => {
      world.nowMs = clock.wallNow();
      world.stamp(1);
      const stamp = world.stamps.at(-1)?.bytes ?? new Uint8Array(0);
      return { groupId, memberEpoch: world.epoch, membership: { proof, stamp }, revoked: scene.wasRevoked };
    },
    answer: async (groups: readonly string[]): Promise<Answer> =>
      groups.map((groupId) => scene.stampFor(groupId, world.members.get(1)?.bytes ?? new Uint8Array(0))),
    given: () => ({ proof: world.members.get(1)?.bytes, stamp: world.stamps.at(-1)?.bytes }),
    begin: async () => {
      scene.keeper.letIn('user-1', [{ groupId: GROUP }]);
      scene.keeper.begin('user-1');
      await drainMicrotasks();
    },
    passes: (ms: number) => clock.advanceAsync(ms),
    setLive: (isLiveNow: boolean) => {
      link.isLive = isLiveNow;
      tell();
    },
    [Symbol.asyncDispose]: () => scene.keeper.close(),
    keeper: undefined as unknown as MembershipKeeper, // Set below, before anybody can ask.
  };
  const client = {
    group_stamps: async ({ groups }: { readonly groups: readonly string[] }) => {
      scene.asked.push(groups);
      return { stamps: await scene.answer(groups) };
    },
  } as unknown as TrackerClient; // Nothing else is called.
  scene.keeper = new MembershipKeeper({
    ...{ clock, guard, admissions, random: createSeededRandom(1), records: library.memberships },
    deviceId: world.identity(1).deviceId,
    links: {
      links: [link],
      watch: (watcher) => {
        tell = watcher;
        return () => undefined;
      },
      call: async (call) => {
        if (link.isLive) return await call(client, {});
        throw new RpcError('connect_failed', 'nobody is there');
      },
    },
    onRenewed: (groupId) => scene.renewed.push(groupId),
    onWrongKey: (groupId, { code }) => scene.wrongKeys.push([groupId, code]),
  });
  return scene;
}

function removal(world: MembershipWorld, place: number, memberEpoch: number): Revocation {
  return { groupId: GROUP, memberEpoch, userId: userOf(place), deviceIds: [world.identity(place).deviceId] };
}
