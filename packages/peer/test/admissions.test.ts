import { type Connection, createConnection } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { STAMP_LIFE_MS } from '@minitorrent/tracker/contract';
import { describe, expect, it } from 'vitest';
import { Admissions } from '../src/admissions.ts';
import { type MembershipClaim, MembershipGuard } from '../src/membership-guard.ts';
import { STRANGER_MS } from '../src/message-limits.ts';
import { GROUP, MembershipWorld } from './support/membership-world.ts';

const GRACE_MS = 24 * 3_600_000;

describe('Admissions', () => {
  it('admits to the group that was proved and to no other', async () => {
    await using scene = await setUp();
    const connection = await scene.connect(1);
    expect(() => scene.admissions.require(connection, GROUP)).toThrow(code('not_admitted'));
    const signal = scene.admissions.admit(connection, scene.claim(1));
    expect(scene.admissions.require(connection, GROUP)).toBe(signal);
    expect(signal.aborted).toBe(false);
    expect(() => scene.admissions.require(connection, 'books')).toThrow(code('not_admitted'));
    expect(scene.admissions.connectionsOf(GROUP)).toEqual([connection]);
  });

  it('takes long messages from whom it admitted, and from nobody else', async () => {
    await using scene = await setUp();
    const [one, two] = [await scene.connect(1), await scene.connect(2)];
    expect(() => scene.admissions.admit(two, scene.claim(1))).toThrow(code('wrong_device'));
    expect(() => scene.admissions.require(two, GROUP)).toThrow(code('not_admitted'));
    expect([one.isAuthenticated, two.isAuthenticated]).toEqual([false, false]);
    scene.admissions.admit(one, scene.claim(1));
    expect([one.isAuthenticated, two.isAuthenticated]).toEqual([true, false]);
  });

  it('ends with the stamp, and later where a newer one was shown', async () => {
    await using scene = await setUp();
    const connection = await scene.connect(1);
    const signal = scene.admissions.admit(connection, scene.claim(1));
    scene.passes(STAMP_LIFE_MS / 2);
    expect(scene.admissions.admit(connection, scene.claim(1))).toBe(signal);
    scene.passes(STAMP_LIFE_MS);
    expect(signal.aborted).toBe(false);
    scene.passes(1);
    expect(signal.reason).toMatchObject({ code: 'not_admitted' });
    expect(() => scene.admissions.require(connection, GROUP)).toThrow(code('not_admitted'));
    expect(connection.signal.aborted).toBe(false);
  });

  it('goes on for the grace when the last tracker is lost', async () => {
    await using scene = await setUp();
    const signal = scene.admissions.admit(await scene.connect(1), scene.claim(1));
    scene.setTracker(false);
    scene.passes(STAMP_LIFE_MS + GRACE_MS);
    expect(signal.aborted).toBe(false);
    scene.passes(1);
    expect(signal.aborted).toBe(true);
  });

  it('leaves time to fetch a new stamp when a tracker comes back', async () => {
    await using scene = await setUp();
    const connections = [await scene.connect(1), await scene.connect(1)];
    const [one, two] = connections.map((connection) =>
      scene.admissions.admit(connection, scene.claim(1, { isNew: false })),
    );
    scene.setTracker(false);
    scene.passes(STAMP_LIFE_MS + 1);
    scene.setTracker(true);
    const [first] = connections;
    if (first !== undefined) scene.admissions.admit(first, scene.claim(1));
    scene.passes(30_000);
    expect([one?.aborted, two?.aborted]).toEqual([false, false]);
    scene.passes(1);
    expect([one?.aborted, two?.aborted]).toEqual([false, true]);
  });

  it('cuts off at once whom a removal hits, and nobody else', async () => {
    await using scene = await setUp();
    const connections = [await scene.connect(1), await scene.connect(2)];
    const signals = connections.map((connection, at) =>
      scene.admissions.admit(connection, scene.claim(at + 1)),
    );
    scene.world.remove(1);
    const deviceIds = [scene.world.identity(1).deviceId];
    scene.admissions.revoke({ groupId: GROUP, memberEpoch: scene.world.epoch, userId: 'user-1', deviceIds });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(connections.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ code: 'not_admitted' });
    const again = await scene.connect(1);
    expect(() => scene.admissions.admit(again, scene.claim(1))).toThrow(code('device_revoked'));
    scene.world.accept(0, 1, 'member');
    scene.admissions.admit(again, scene.claim(1));
  });

  it('takes a proof from no other device than the one that the network proves', async () => {
    await using scene = await setUp();
    const connection = await scene.connect(2);
    expect(() => scene.admissions.admit(connection, scene.claim(1))).toThrow(code('wrong_device'));
  });

  it('takes the device of the proof where the network proves none, one at a time', async () => {
    await using scene = await setUp();
    const connection = await scene.connect(undefined);
    const one = scene.admissions.admit(connection, scene.claim(1));
    const two = scene.admissions.admit(connection, scene.claim(2));
    expect([one.aborted, two.aborted]).toEqual([true, false]);
  });

  it('ends what is open when this peer leaves the group, and when a connection is gone', async () => {
    await using scene = await setUp();
    const connections = [await scene.connect(1), await scene.connect(2)];
    const signals = connections.map((connection, at) =>
      scene.admissions.admit(connection, scene.claim(at + 1)),
    );
    connections[0]?.abort();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    scene.admissions.endAll('books');
    expect(signals[1]?.aborted).toBe(false);
    scene.admissions.endAll(GROUP);
    expect(signals[1]?.aborted).toBe(true);
    expect(scene.admissions.connectionsOf(GROUP)).toEqual([]);
    expect(scene.scheduled()).toBe(0);
  });

  it('ends a connection over which it was refused again and again', async () => {
    await using scene = await setUp();
    const connection = await scene.connect(1);
    const claim = { ...scene.claim(1), stamp: new Uint8Array(100) };
    for (let refusals = 0; refusals < 10; refusals += 1) {
      expect(connection.signal.aborted).toBe(false);
      expect(() => scene.admissions.admit(connection, claim)).toThrow(code('not_admitted'));
    }
    expect(connection.signal.aborted).toBe(true);
    // Nor is anything kept for it any more.
    expect(() => scene.admissions.admit(connection, scene.claim(1))).toThrow(code('not_admitted'));
    expect(scene.scheduled()).toBe(0);
  });
});

describe('Admissions, of a connection that somebody else opened', () => {
  it('closes it when nobody shows a membership in time', async () => {
    await using scene = await setUp();
    const connection = await scene.connect(1);
    scene.admissions.watch(connection);
    scene.passes(STRANGER_MS - 1);
    const claim = { ...scene.claim(1), stamp: new Uint8Array(100) };
    expect(() => scene.admissions.admit(connection, claim)).toThrow(code('not_admitted'));
    expect(connection.signal.aborted).toBe(false);
    scene.passes(1);
    expect(connection.signal.aborted).toBe(true);
    expect(scene.scheduled()).toBe(0);
  });

  it('keeps it as long as its other end is admitted to something, and for a while after', async () => {
    await using scene = await setUp();
    const connection = await scene.connect(1);
    scene.admissions.watch(connection);
    scene.passes(STRANGER_MS - 1);
    scene.admissions.admit(connection, scene.claim(1));
    scene.passes(STAMP_LIFE_MS + 1);
    scene.passes(STRANGER_MS - 1);
    expect(connection.signal.aborted).toBe(false);
    scene.admissions.admit(connection, scene.claim(1));
    scene.passes(STAMP_LIFE_MS);
    scene.admissions.endAll();
    scene.passes(STRANGER_MS - 1);
    expect(connection.signal.aborted).toBe(false);
    scene.passes(1);
    expect(connection.signal.aborted).toBe(true);
    expect(scene.scheduled()).toBe(0);
  });

  it('waits for nobody who is gone, and not for whom this peer connected to', async () => {
    await using scene = await setUp();
    const [opened, made] = [await scene.connect(1), await scene.connect(2)];
    scene.admissions.watch(opened);
    opened.abort();
    scene.admissions.watch(opened);
    scene.admissions.admit(made, scene.claim(2));
    scene.admissions.endAll();
    expect(scene.scheduled()).toBe(0);
    expect(made.signal.aborted).toBe(false);
  });
});

/** Devices 1 and 2 are members of a group, and connect to this one. */
async function setUp() {
  const network = createMemoryNetwork();
  const connectionClock = createManualClock();
  const clock = createManualClock({ wallStart: 1_800_000_000_000 });
  const world = new MembershipWorld(3);
  for (const place of [1, 2]) world.accept(0, place, 'member');
  let hasTracker = true;
  const trackerIds = world.trackers.map(({ deviceId }) => deviceId);
  const guard = new MembershipGuard({ trackerIds, graceMs: GRACE_MS });
  guard.pin(GROUP, world.groupKey);
  const admissions = new Admissions({ guard, clock, hasTracker: () => hasTracker });
  const open: Connection[] = [];
  let places = 0;
  return {
    ...{ world, admissions },
    scheduled: () => clock.scheduledTasks,
    /** A connection with that device, or with one that is not proved, at its other end. */
    connect: async (place: number | undefined) => {
      const identity = place === undefined ? undefined : world.identity(place).deviceId;
      places += 1;
      const there = { host: `host-${places}`, port: 1 };
      await network.from(there.host, identity).listen(there, (channel) => channel.start(deaf));
      const channel = await network.connect(there);
      const connection = createConnection({ channel, clock: connectionClock });
      connection.opened.catch(() => undefined);
      open.push(connection);
      return connection;
    },
    /** What the device can show now. */
    claim: (place: number, { isNew = true } = {}): MembershipClaim => {
      world.nowMs = clock.wallNow();
      const known = world.stamps.findLast((stamp) => stamp.device === place);
      const [tracker = world.strangeTracker] = world.trackers;
      // By a tracker that would give one to anybody.
      if (isNew || known === undefined) world.sign(place, tracker);
      const stamp = world.stamps.findLast((one) => one.device === place)?.bytes ?? new Uint8Array(0);
      const proof = world.proofs.findLast((one) => one.device === place)?.bytes ?? new Uint8Array(0);
      return { groupId: GROUP, proof, stamp };
    },
    passes: (ms: number) => clock.advance(ms),
    setTracker: (has: boolean) => {
      hasTracker = has;
      admissions.trackersChanged();
    },
    [Symbol.asyncDispose]: async () => {
      for (const connection of open) connection.abort();
    },
  };
}

const deaf = {
  bytes: () => undefined,
  drain: () => undefined,
  end: () => undefined,
  close: () => undefined,
};

function code(expected: string) {
  return expect.objectContaining({ code: expected });
}
