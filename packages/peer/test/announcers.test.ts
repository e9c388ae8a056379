import { createSystemRandom, RpcError, type RpcServer } from '@minitorrent/rpc-core';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { type AnnouncedFile, rendezvousOrder, toHex } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import { Announcers } from '../src/shell/announcers.ts';
import { FakeTrackers, type TrackerHandlers } from './support/fake-trackers.ts';

const credentials = { userId: 'alice', password: 'a long password', deviceId: new Uint8Array(32) };
const rootOf = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const complete = (groupId: string, number: number): AnnouncedFile => ({
  ...{ groupId, root: rootOf(number) },
  holding: 'complete',
});

const loggingIn = async () => ({ memberships: [], mayBeStale: false });

interface Announce {
  readonly atMs: number;
  readonly files: readonly string[];
}

/** Trackers that note what they are told, and somebody logged in who announces `files`. */
async function setUp(
  count: number,
  { announce, login, isOffline = false }: Partial<TrackerHandlers> & { readonly isOffline?: boolean } = {},
) {
  const clock = createManualClock();
  const told: Announce[][] = Array.from({ length: count }, () => []);
  const trackers = new FakeTrackers(
    told.map((announces, place) => ({
      login: login !== undefined && place === count - 1 ? login : loggingIn,
      logout: async () => ({}),
      announce: async (request, context) => {
        const files = request.files.map((file) => `${file.groupId} ${file.root[0]} ${file.holding}`);
        announces.push({ atMs: clock.now(), files });
        return (await announce?.(request, context)) ?? { intervalMs: 180_000, swarms: [] };
      },
    })),
    { clock },
  );
  const servers: RpcServer[] = [];
  for (let place = 0; place < count; place++) servers.push(await trackers.start(place));
  const links = trackers.links();
  let files: readonly AnnouncedFile[] | undefined;
  const onPeers = vi.fn();
  const announcers = new Announcers({
    ...{ clock, links, onPeers, port: 4_000 },
    // What is put off by lot comes as late as it may: the tests say what comes before.
    random: { ...createSystemRandom(), integer: (exclusiveMax) => exclusiveMax - 1 },
    files: () => files,
  });
  await clock.advanceAsync(0);
  if (isOffline) links.useLogin(credentials);
  else await clock.runUntilSettled(links.login(credentials));
  await clock.advanceAsync(100);
  return {
    ...{ clock, links, announcers, trackers, servers, onPeers },
    /** What each tracker was told since this was asked last. */
    told: (): string[][] => told.map((announces) => announces.splice(0).flatMap((each) => each.files)),
    times: (place: number): number[] => (told[place] ?? []).map(({ atMs }) => atMs),
    serve(next: readonly AnnouncedFile[] | undefined): void {
      files = next;
      announcers.nudge();
    },
    async end(): Promise<void> {
      await announcers.close();
      await clock.runUntilSettled(trackers[Symbol.asyncDispose]());
    },
  };
}

describe('Announcers', () => {
  it('tell both trackers of a pair of every file, and of one that is not served any more', async () => {
    const scene = await setUp(2);
    scene.serve([complete('films', 1), complete('music', 2)]);
    await scene.clock.advanceAsync(100);
    const all = ['films 1 complete', 'music 2 complete'];
    expect(scene.told()).toEqual([all, all]);
    scene.serve([complete('music', 2)]);
    await scene.clock.advanceAsync(1_000);
    const rest = ['films 1 gone', 'music 2 complete'];
    expect(scene.told()).toEqual([rest, rest]);
    scene.serve([complete('music', 2)]);
    await scene.clock.advanceAsync(1_000);
    expect(scene.told()).toEqual([['music 2 complete'], ['music 2 complete']]);
    await scene.end();
  });

  it('tell of a group the two trackers that keep its presence, and another when one of them is lost', async () => {
    const scene = await setUp(3);
    const names = scene.trackers.addresses.map(({ host, port }) => `${host}:${port}`);
    const [first = 0, second = 0, third = 0] = rendezvousOrder('films', names).map((name) =>
      names.indexOf(name),
    );
    const told = (): (string | undefined)[] => {
      const each = scene.told();
      return [first, second, third].map((place) => each[place]?.join());
    };
    scene.serve([complete('films', 1)]);
    await scene.clock.advanceAsync(100);
    expect(told()).toEqual(['films 1 complete', 'films 1 complete', '']);
    await scene.servers[first]?.close({ signal: AbortSignal.abort() });
    await scene.clock.advanceAsync(2_100);
    expect(told()).toEqual(['', 'films 1 complete', 'films 1 complete']);
    await scene.trackers.start(first);
    await scene.clock.advanceAsync(10_000);
    expect(told()).toEqual(['films 1 complete', 'films 1 complete', 'films 1 gone']);
    await scene.end();
  });

  it('tell everything again to a tracker that came back, soon', async () => {
    const scene = await setUp(2);
    scene.serve([complete('films', 1)]);
    await scene.clock.advanceAsync(100);
    scene.told();
    await scene.servers[0]?.close({ signal: AbortSignal.abort() });
    await scene.trackers.start(0);
    await scene.clock.advanceAsync(300);
    expect(scene.told()[0]).toEqual(['films 1 complete']);
    await scene.end();
  });

  it('tell a tracker that takes its time to log the user in', async () => {
    const { promise: isSlow, resolve: goOn } = Promise.withResolvers<void>();
    const login = async (): ReturnType<typeof loggingIn> => {
      await isSlow;
      return await loggingIn();
    };
    const scene = await setUp(2, { login });
    scene.serve([complete('films', 1)]);
    await scene.clock.advanceAsync(100);
    expect(scene.told()).toEqual([['films 1 complete'], []]);
    goOn();
    await scene.clock.advanceAsync(100);
    expect(scene.told()).toEqual([[], ['films 1 complete']]);
    await scene.end();
  });

  it('tell a tracker that did not know the user when there was no other, once it does', async () => {
    let logins = 0;
    const login = async (): ReturnType<typeof loggingIn> => {
      logins += 1;
      if (logins === 1) throw new RpcError('not_primary', 'This tracker is a backup');
      return await loggingIn();
    };
    const scene = await setUp(1, { login, isOffline: true });
    scene.serve([complete('films', 1)]);
    await scene.clock.advanceAsync(100);
    expect(scene.told()).toEqual([[]]);
    await scene.clock.advanceAsync(1_000);
    expect(scene.told()).toEqual([['films 1 complete']]);
    await scene.end();
  });

  it('tell nothing while nobody is logged in, and nothing of one user in the name of the next', async () => {
    const scene = await setUp(1);
    scene.serve([complete('films', 1)]);
    await scene.clock.advanceAsync(100);
    scene.told();
    await scene.clock.runUntilSettled(scene.links.logout());
    scene.serve(undefined);
    await scene.clock.advanceAsync(1_000);
    expect(scene.told()).toEqual([[]]);
    await scene.clock.runUntilSettled(scene.links.login({ ...credentials, userId: 'bob' }));
    scene.serve([complete('music', 2)]);
    await scene.clock.advanceAsync(1_000);
    expect(scene.told()).toEqual([['music 2 complete']]);
    await scene.end();
  });

  it('resolve a flush when every tracker that can be reached was told, and at once without any', async () => {
    const scene = await setUp(2);
    await scene.servers[1]?.close({ signal: AbortSignal.abort() });
    await scene.clock.advanceAsync(100);
    scene.serve([complete('films', 1)]);
    await scene.clock.runUntilSettled(scene.announcers.flush());
    expect(scene.told()[0]).toEqual(['films 1 complete']);
    await scene.servers[0]?.close({ signal: AbortSignal.abort() });
    await scene.clock.advanceAsync(100);
    const beforeMs = scene.clock.now();
    await scene.clock.runUntilSettled(scene.announcers.flush());
    expect(scene.clock.now()).toBe(beforeMs);
    await scene.end();
  });

  it('doubt a tracker that does not answer an announce, and do not wait for it for ever', async () => {
    const probed = vi.fn(() => Promise.reject(new RpcError('busy', 'Later')));
    const scene = await setUp(2, { announce: ({ port }) => (port === 0 ? probed() : never()) });
    scene.serve([complete('films', 1)]);
    await scene.clock.runUntilSettled(scene.announcers.flush());
    expect(scene.clock.now()).toBeLessThan(4_000);
    // Both answered the question whether they live.
    expect(probed).toHaveBeenCalledTimes(2);
    await scene.clock.advanceAsync(10);
    expect(scene.links.links.map((link) => link.isLive)).toEqual([true, true]);
    await scene.end();
  });

  it('join the peers that all trackers name', async () => {
    const peer = { userId: 'bob', deviceId: rootOf(9), host: 'h', port: 1, holding: 'complete' } as const;
    const swarms = [{ groupId: 'films', root: rootOf(1), peers: [peer] }];
    const scene = await setUp(2, { announce: async () => ({ intervalMs: 180_000, swarms }) });
    scene.serve([complete('films', 1)]);
    await scene.clock.advanceAsync(100);
    expect(
      scene.onPeers.mock.calls.map(([groupId, root]) => `${groupId} ${toHex(root).slice(0, 2)}`),
    ).toEqual(['films 01', 'films 01']);
    await scene.end();
  });

  it('announce again when the tracker said, in batches, and not more often than it accepts', async () => {
    const scene = await setUp(1, { announce: async () => ({ intervalMs: 60_000, swarms: [] }) });
    scene.serve(
      Array.from({ length: 501 }, (_, number) => ({ ...complete('films', 0), root: rootWith(number) })),
    );
    await scene.clock.advanceAsync(100);
    const sizes = scene.told()[0]?.length;
    expect(sizes).toBe(501);
    await scene.clock.advanceAsync(60_000);
    expect(scene.told()[0]).toHaveLength(501);
    const times: number[] = [];
    for (let nudges = 0; nudges < 100; nudges++) {
      scene.serve([complete('films', 1)]);
      await scene.clock.advanceAsync(100);
      times.push(...scene.times(0));
      scene.told();
    }
    // Ten seconds: eight at once after a pause, and one a second.
    expect(new Set(times).size).toBeLessThanOrEqual(8 + 10);
    await scene.end();
  });
});

const never = (): Promise<never> => new Promise(() => undefined);

function rootWith(number: number): Uint8Array {
  const root = new Uint8Array(32);
  new DataView(root.buffer).setUint32(0, number);
  return root;
}
