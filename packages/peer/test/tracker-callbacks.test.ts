import { createConnection, createServer, createSystemClock } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { trackerCallbacks } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import { PeerError } from '../src/errors.ts';
import { EventHub } from '../src/event-hub.ts';
import type { PeerEvents } from '../src/index.ts';
import { type TrackerCallbackOptions, TrackerCallbacks } from '../src/shell/tracker-callbacks.ts';

/** A peer's callbacks, and two trackers that call them. */
async function setUp(options: Partial<TrackerCallbackOptions>) {
  const [network, clock] = [createMemoryNetwork(), createSystemClock()];
  const events = new EventHub<PeerEvents>();
  const heard: string[] = [];
  events.on('join-request', ({ groupId, userId }) => heard.push(`${userId} asks to join ${groupId}`));
  events.on('membership-changed', ({ groupId, standing }) => heard.push(`${standing} of ${groupId}`));
  const callbacks = new TrackerCallbacks({
    ...{ events, joinPolicy: async () => 'undecided', workspace: () => undefined },
    proofsFor: async () => [],
    ...options,
  });
  const address = { host: 'peer', port: 1 };
  const server = await createServer({ network, clock, address, serve: [callbacks.served], trusted: true });
  const call = async () =>
    createConnection({ channel: await network.connect(address), clock, trusted: true });
  const connections = [await call(), await call()];
  const trackers = connections.map((connection) => connection.client(trackerCallbacks));
  const [first, second] = trackers;
  if (first === undefined || second === undefined) throw new TypeError('Two trackers are needed');
  const close = () => server.close({ signal: AbortSignal.abort() });
  return { callbacks, heard, first, second, [Symbol.asyncDispose]: close };
}

const request = {
  ...{ groupId: 'films', userId: 'bob', requestedAtMs: 1_700_000_000_000 },
  ...{ deviceIds: [], memberEpoch: 0 },
};

describe('TrackerCallbacks', () => {
  it('asks about one request once, and gives all trackers that answer', async () => {
    const { promise, resolve } = Promise.withResolvers<'accept'>();
    const joinPolicy = vi.fn(() => promise);
    await using scene = await setUp({ joinPolicy });
    const early = [scene.first, scene.second].map((tracker) => tracker.peer_authentication(request));
    resolve('accept');
    const late = scene.second.peer_authentication(request);
    expect(await Promise.all([...early, late])).toMatchObject(
      Array(3).fill({ decision: 'accept', proofs: [] }),
    );
    expect(joinPolicy).toHaveBeenCalledTimes(1);
    expect(scene.heard).toEqual(['bob asks to join films']);
  });

  it('signs for the very devices that the answer was about, and asks again about others', async () => {
    const [mine, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const joinPolicy = vi.fn(async () => 'accept' as const);
    const proofsFor = vi.fn(async () => [new Uint8Array(3)]);
    await using scene = await setUp({ joinPolicy, proofsFor });
    const about = (...deviceIds: Uint8Array[]) => scene.first.peer_authentication({ ...request, deviceIds });
    expect(await about(mine)).toMatchObject({ decision: 'accept', proofs: [new Uint8Array(3)] });
    await about(mine, other);
    const asked = (calls: readonly (readonly unknown[])[]): unknown[] => calls.map(([request]) => request);
    for (const { calls } of [joinPolicy.mock, proofsFor.mock])
      expect(asked(calls)).toMatchObject([{ deviceIds: [mine] }, { deviceIds: [mine, other] }]);
  });

  it('leaves to others what this device may not sign', async () => {
    const proofsFor = () => Promise.reject(new PeerError('not_admitted', 'This device is not let in'));
    await using scene = await setUp({ joinPolicy: async () => 'accept', proofsFor });
    expect(await scene.first.peer_authentication(request)).toMatchObject({ decision: 'undecided' });
  });

  it('asks again about another request of the same user, and when somebody else has logged in', async () => {
    const joinPolicy = vi.fn(async () => 'undecided' as const);
    await using scene = await setUp({ joinPolicy });
    await scene.first.peer_authentication(request);
    await scene.first.peer_authentication({ ...request, requestedAtMs: request.requestedAtMs + 1 });
    expect(joinPolicy).toHaveBeenCalledTimes(2);
    scene.callbacks.forget();
    await scene.first.peer_authentication(request);
    expect(joinPolicy).toHaveBeenCalledTimes(3);
  });

  it('goes on asking when one tracker gives up, and stops when both have', async () => {
    const signals: AbortSignal[] = [];
    const joinPolicy: TrackerCallbackOptions['joinPolicy'] = (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    await using scene = await setUp({ joinPolicy });
    const [one, two] = [new AbortController(), new AbortController()];
    const asked = Promise.allSettled([
      scene.first.peer_authentication(request, { signal: one.signal }),
      scene.second.peer_authentication(request, { signal: two.signal }),
    ]);
    await vi.waitFor(() => expect(signals).toHaveLength(1), 20_000);
    one.abort();
    // What is sent later on the other connection has arrived by then.
    await scene.second.membership_changed({ groupId: 'films', standing: 'member', index: 1 });
    expect(signals[0]?.aborted).toBe(false);
    two.abort();
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true), 20_000);
    await asked;
  });

  it('tells of a change once that every tracker tells, and leaves a group once', async () => {
    const removed = vi.fn(async () => undefined);
    // The one method that is needed here.
    const workspace = { removed } as unknown as ReturnType<TrackerCallbackOptions['workspace']>;
    await using scene = await setUp({ workspace: () => workspace });
    const change = (standing: 'member' | 'removed', index: number) => ({ groupId: 'films', standing, index });
    await scene.first.membership_changed(change('member', 3));
    await scene.second.membership_changed(change('member', 3));
    await scene.first.membership_changed(change('removed', 5));
    await scene.first.membership_changed(change('member', 8));
    await scene.second.membership_changed(change('removed', 5));
    await scene.second.membership_changed(change('member', 8));
    expect(scene.heard).toEqual(['member of films', 'removed of films', 'member of films']);
    expect(removed).toHaveBeenCalledExactlyOnceWith('films');
  });

  it.each([
    ['that goes well', (left: PromiseWithResolvers<void>) => left.resolve()],
    [
      'that fails',
      (left: PromiseWithResolvers<void>) => left.reject(new PeerError('tracker_unreachable', 'Gone')),
    ],
  ])('lets a leave %s end before it ends what a tracker says is left', async (_, settle) => {
    const removed = vi.fn(async () => undefined);
    // The one member of a workspace that is asked for here.
    const workspace = { removed } as unknown as ReturnType<TrackerCallbackOptions['workspace']>;
    const left = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const leaving = () => {
      asked.resolve();
      return left.promise;
    };
    await using scene = await setUp({ workspace: () => workspace, leaving });
    const told = scene.first.membership_changed({ groupId: 'films', standing: 'removed', index: 5 });
    await asked.promise;
    expect(removed).not.toHaveBeenCalled();
    settle(left);
    await told;
    expect(removed).toHaveBeenCalledExactlyOnceWith('films');
  });
});
