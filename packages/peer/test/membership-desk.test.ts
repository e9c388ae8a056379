import { type Connection, createConnection, createServer, RpcError, serve } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { STAMP_LIFE_MS } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import type { MembershipCard } from '../src/admission.ts';
import { Admissions } from '../src/admissions.ts';
import { peerContract } from '../src/contract.ts';
import { MembershipGuard } from '../src/membership-guard.ts';
import { MembershipDesk } from '../src/shell/membership-desk.ts';
import { GROUP, MembershipWorld } from './support/membership-world.ts';

const { signal } = new AbortController();

describe('MembershipDesk', () => {
  it('has both ends admit each other', async () => {
    await using scene = await setUp();
    const { near, far, connection } = scene;
    expect(() => near.desk.require(connection, GROUP)).toThrow();
    const admitted = await scene.settled(near.desk.enter(connection, GROUP, signal));
    expect(near.desk.require(connection, GROUP)).toBe(admitted);
    expect(far.admissions.connectionsOf(GROUP)).toHaveLength(1);
  });

  it('shows itself once to whom it has shown itself, and again after a while', async () => {
    await using scene = await setUp();
    const { near, far, connection } = scene;
    const enter = () => near.desk.enter(connection, GROUP, signal);
    await scene.settled(Promise.all([enter(), enter()]));
    await scene.settled(enter());
    expect(far.presented).toHaveBeenCalledTimes(1);
    await scene.clock.advanceAsync(30_001);
    await scene.settled(enter());
    expect(far.presented).toHaveBeenCalledTimes(2);
  });

  it('shows a newer stamp over the connections that are open, whoever opened them', async () => {
    await using scene = await setUp();
    const { near, far, connection } = scene;
    await scene.settled(near.desk.enter(connection, GROUP, signal));
    const [there] = far.admissions.connectionsOf(GROUP);
    if (there === undefined) throw new TypeError('nobody is admitted');
    await scene.clock.advanceAsync(STAMP_LIFE_MS / 2);
    near.renew();
    near.desk.renewed(GROUP);
    far.renew();
    far.desk.renewed(GROUP);
    await scene.clock.advanceAsync(STAMP_LIFE_MS / 2 + 1);
    expect(near.desk.require(connection, GROUP).aborted).toBe(false);
    expect(far.desk.require(there, GROUP).aborted).toBe(false);
    await scene.clock.advanceAsync(STAMP_LIFE_MS);
    expect(near.admissions.connectionsOf(GROUP)).toEqual([]);
    expect(far.admissions.connectionsOf(GROUP)).toEqual([]);
  });

  it('does not use a peer that refuses it, or that cannot prove itself', async () => {
    await using scene = await setUp();
    const { near, far, connection } = scene;
    const enter = () => scene.settled(near.desk.enter(connection, GROUP, signal));
    far.card = undefined;
    await expect(enter()).rejects.toMatchObject({ code: 'not_admitted', remote: true });
    far.card = near.card;
    await expect(enter()).rejects.toMatchObject({ code: 'wrong_device', remote: false });
    near.card = { ...near.own(), stamp: new Uint8Array(9) };
    await expect(enter()).rejects.toMatchObject({ code: 'not_admitted', remote: true });
    expect(near.admissions.connectionsOf(GROUP)).toEqual([]);
  });

  it('says nothing of itself to a stranger, nor to anybody where it has nothing to show', async () => {
    await using scene = await setUp();
    const { near, far, connection } = scene;
    const client = connection.client(peerContract);
    const stranger = { groupId: GROUP, proof: new Uint8Array(9), stamp: new Uint8Array(9) };
    await expect(scene.settled(client.present_membership(stranger))).rejects.toMatchObject({
      code: 'not_admitted',
    });
    near.card = undefined;
    far.presented.mockClear();
    await expect(near.desk.enter(connection, GROUP, signal)).rejects.toMatchObject({ code: 'not_admitted' });
    expect(far.presented).not.toHaveBeenCalled();
  });
});

/** Two members, and a connection that the first one opened to the second one. */
async function setUp() {
  const network = createMemoryNetwork();
  const world = new MembershipWorld(2);
  world.accept(0, 1, 'member');
  const clock = createManualClock({ wallStart: world.nowMs });
  const trackerIds = world.trackers.map(({ deviceId }) => deviceId);

  function member(place: number) {
    const guard = new MembershipGuard({ trackerIds, graceMs: 0 });
    guard.pin(GROUP, world.groupKey);
    const admissions = new Admissions({ guard, clock, hasTracker: () => true });
    const own = (): MembershipCard => {
      world.nowMs = clock.wallNow();
      world.stamp(place);
      const proof = world.members.get(place)?.bytes ?? new Uint8Array(0);
      return { proof, stamp: world.stamps.at(-1)?.bytes ?? new Uint8Array(0) };
    };
    const side: { card: MembershipCard | undefined } = { card: own() };
    return Object.assign(side, {
      ...{ admissions, own },
      renew: () => {
        side.card = own();
      },
      presented: vi.fn(),
      desk: new MembershipDesk({
        ...{ clock, admissions },
        card: () => side.card,
        obtain: async () => {
          if (side.card !== undefined) return side.card;
          throw new RpcError('not_admitted', 'nothing to show');
        },
      }),
    });
  }

  function served(side: ReturnType<typeof member>) {
    const nothing = (): never => {
      throw new Error('Unexpected');
    };
    return serve(peerContract, {
      present_membership: async (claim, context) => {
        side.presented();
        return await side.desk.present(context.connection, claim, context.signal);
      },
      ...{ send_piece_info: nothing, send_piece_layer: nothing, send_pieces: nothing },
    });
  }

  const [near, far] = [member(0), member(1)];
  const address = { host: 'far', port: 1 };
  const farNetwork = network.from('far', world.identity(1).deviceId);
  const server = await createServer({
    network: farNetwork,
    clock,
    address,
    serve: [served(far)],
    trusted: true,
  });
  const channel = await network.from('near', world.identity(0).deviceId).connect(address);
  const connection: Connection = createConnection({ channel, clock, serve: [served(near)], trusted: true });
  await clock.runUntilSettled(connection.opened);
  return {
    ...{ near, far, connection, clock },
    settled: <T>(promise: Promise<T>): Promise<T> => clock.runUntilSettled(promise),
    [Symbol.asyncDispose]: async () => {
      connection.abort();
      await clock.runUntilSettled(server.close({ signal: AbortSignal.abort() }));
    },
  };
}
