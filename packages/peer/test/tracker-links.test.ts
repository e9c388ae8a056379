import { type Connection, RpcError } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createLeakCheck, createManualClock, type ManualClock } from '@minitorrent/rpc-core/testing';
import { rendezvousOrder } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import type { TrackerLinks } from '../src/shell/tracker-links.ts';
import type { Login } from '../src/tracker-client.ts';
import { FakeTrackers, type TrackerHandlers } from './support/fake-trackers.ts';

const credentials: Login = {
  userId: 'alice',
  password: 'a long password',
  deviceId: new Uint8Array(32).fill(7),
};
const never = (): Promise<never> => new Promise(() => undefined);
const refuse = (code: string) => (): Promise<never> => Promise.reject(new RpcError(code, 'Cannot do that'));
const nothing = async (): Promise<object> => ({});

/** Answers logins, and notes everything that it is asked in `heard`. */
function tracker(
  name: string,
  heard: string[],
  { mayBeStale = false, ...others }: Partial<TrackerHandlers> & { readonly mayBeStale?: boolean } = {},
): Partial<TrackerHandlers> {
  const note = (what: string): void => void heard.push(`${name} ${what}`);
  return {
    login: async ({ userId }) => {
      note(`login ${userId}`);
      return { memberships: [], mayBeStale };
    },
    logout: async () => {
      note('logout');
      return {};
    },
    create_group: async ({ groupId }) => {
      note(groupId);
      return {};
    },
    ...others,
  };
}

const createGroup = (links: TrackerLinks, groupId: string): Promise<unknown> =>
  links.call((client, options) => client.create_group({ requestId: new Uint8Array(16), groupId }, options));

/** Trackers on a clock that only goes on when told. */
async function startOn(clock: ManualClock, ...trackers: Partial<TrackerHandlers>[]): Promise<FakeTrackers> {
  return await FakeTrackers.start(trackers, { clock });
}

/** Ends what a test opened: the clock has to go on for that. */
async function end(clock: ManualClock, trackers: FakeTrackers): Promise<void> {
  await clock.runUntilSettled(trackers[Symbol.asyncDispose]());
}

describe('TrackerLinks, calling', () => {
  it('makes a call again on the next tracker at once when its connection breaks, with the same request', async () => {
    const clock = createManualClock();
    const requestIds: string[] = [];
    const trackers = await startOn(
      clock,
      {
        create_group: async ({ requestId }, { connection }) => {
          requestIds.push(String(requestId));
          connection.abort();
          return {};
        },
      },
      {
        create_group: async ({ requestId }) => {
          requestIds.push(String(requestId));
          return {};
        },
      },
    );
    const links = trackers.links();
    await clock.advanceAsync(0);
    const request = { requestId: new Uint8Array(16).fill(3), groupId: 'films' };
    await clock.runUntilSettled(links.call((client, options) => client.create_group(request, options)));
    expect(requestIds).toEqual([String(request.requestId), String(request.requestId)]);
    expect(clock.now()).toBe(0);
    await end(clock, trackers);
  });

  it('gives the tracker’s own refusals to the caller and does not try elsewhere', async () => {
    const clock = createManualClock();
    const other = vi.fn(nothing);
    const trackers = await startOn(clock, { create_group: refuse('group_exists') }, { create_group: other });
    const links = trackers.links();
    await clock.advanceAsync(0);
    await expect(clock.runUntilSettled(createGroup(links, 'films'))).rejects.toMatchObject({
      code: 'group_exists',
    });
    expect(other).not.toHaveBeenCalled();
    await end(clock, trackers);
  });

  it('asks another tracker when one is silent, and gives the silent one up when it does not live', async () => {
    const clock = createManualClock();
    const told: string[] = [];
    const trackers = await startOn(
      clock,
      { create_group: never, announce: never },
      { create_group: nothing },
    );
    const links = trackers.links({
      onConnected: ({ port }) => told.push(`${clock.now()} connected ${port}`),
      onLost: ({ port }, reason) => told.push(`${clock.now()} lost ${port}: ${reason}`),
    });
    await clock.advanceAsync(0);
    await clock.runUntilSettled(createGroup(links, 'films'));
    expect(clock.now()).toBe(1_500);
    expect(links.links.map((link) => link.isLive)).toEqual([false, true]);
    // The next one does not wait for it.
    await clock.runUntilSettled(createGroup(links, 'music'));
    expect(clock.now()).toBe(1_500);
    await clock.advanceAsync(4_000);
    expect(told).toEqual(['0 connected 1', '0 connected 2', '5500 lost 1: it does not answer']);
    await clock.advanceAsync(1_000);
    expect(links.links.map((link) => link.isLive)).toEqual([true, true]);
    await end(clock, trackers);
  });

  it('asks a silent tracker once whether it lives, and does not wait for it when the peer closes', async () => {
    const clock = createManualClock();
    const announce = vi.fn(never);
    const trackers = await startOn(clock, { create_group: never, announce });
    const links = trackers.links({ patienceMs: 2_000 });
    await clock.advanceAsync(0);
    const calls = Promise.allSettled([createGroup(links, 'films'), createGroup(links, 'music')]);
    await clock.runUntilSettled(calls);
    expect(announce).toHaveBeenCalledTimes(1);
    await clock.runUntilSettled(links.close());
    expect(clock.now()).toBe(2_000);
    await end(clock, trackers);
  });

  it('asks first who has the presence of the group', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const list_file =
      (place: number): TrackerHandlers['list_file'] =>
      async ({ groupId }) => {
        heard.push(`${groupId} ${place}`);
        return { files: [], next: '', mayBeStale: false, sharers: [] };
      };
    const trackers = await startOn(clock, ...[0, 1, 2].map((place) => ({ list_file: list_file(place) })));
    const links = trackers.links();
    await clock.advanceAsync(0);
    const names = trackers.addresses.map(({ host, port }) => `${host}:${port}`);
    for (const groupId of ['films', 'music', 'books', 'games', 'maps']) {
      const keepers = rendezvousOrder(groupId, names)
        .slice(0, 2)
        .map((name) => names.indexOf(name));
      const asked = links.call((client, options) => client.list_file({ groupId, after: '' }, options), {
        groupId,
      });
      await clock.runUntilSettled(asked);
      expect(heard.pop()).toBe(`${groupId} ${Math.min(...keepers)}`);
    }
    await end(clock, trackers);
  });

  it('keeps a tracker that is only slow', async () => {
    const clock = createManualClock();
    const onLost = vi.fn();
    const slow = async (): Promise<object> => {
      await new Promise<void>((resolve) => void clock.schedule(1_700, resolve));
      return {};
    };
    const trackers = await startOn(
      clock,
      { create_group: slow, announce: refuse('not_logged_in') },
      { create_group: never, announce: refuse('rate_limited') },
    );
    const links = trackers.links({ onLost });
    await clock.advanceAsync(0);
    await clock.runUntilSettled(createGroup(links, 'films'));
    expect(clock.now()).toBe(1_700);
    await clock.advanceAsync(60_000);
    expect(onLost).not.toHaveBeenCalled();
    expect(links.links.map((link) => link.isLive)).toEqual([true, true]);
    await end(clock, trackers);
  });

  it('asks whoever is not stale, and of several who may be each in turn', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const list = (name: string, stale: () => boolean) => async () => {
      heard.push(name);
      return { groups: [], next: '', mayBeStale: stale() };
    };
    let primary = 'b';
    const trackers = await startOn(
      clock,
      { list_groups: list('a', () => primary !== 'a') },
      { list_groups: list('b', () => primary !== 'b') },
    );
    const links = trackers.links();
    const ask = async (): Promise<void> => {
      await clock.advanceAsync(1);
      await clock.runUntilSettled(
        links.call((client, options) => client.list_groups({ after: '' }, options)),
      );
    };
    for (let call = 0; call < 3; call++) await ask();
    expect(heard.splice(0)).toEqual(['a', 'b', 'b']);
    primary = 'a';
    for (let call = 0; call < 3; call++) await ask();
    expect(heard.splice(0)).toEqual(['b', 'a', 'a']);
    primary = 'nobody';
    for (let call = 0; call < 4; call++) await ask();
    expect(heard).toEqual(['a', 'b', 'a', 'b']);
    await end(clock, trackers);
  });

  it('lets the primary answer what a backup refuses from what it knows', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const download = { groupId: 'films', name: 'a.bin' };
    const trackers = await startOn(
      clock,
      tracker('backup', heard, { mayBeStale: true, download_file: refuse('unknown_file') }),
      tracker('primary', heard, { mayBeStale: true, download_file: nothing }),
    );
    const links = trackers.links();
    await clock.runUntilSettled(links.login(credentials));
    await clock.advanceAsync(0);
    const asked = links.call((client, options) => client.download_file(download, options), { isRead: true });
    await clock.runUntilSettled(asked);
    await end(clock, trackers);
  });

  it.each(['not_primary', 'no_primary', 'unconfirmed'])(
    'tries again after %s, within its patience',
    async (code) => {
      const clock = createManualClock();
      let calls = 0;
      const create_group = async (): Promise<object> => {
        calls += 1;
        if (calls < 4) throw new RpcError(code, 'Not now');
        return {};
      };
      const trackers = await startOn(clock, { create_group }, { create_group });
      const links = trackers.links();
      await clock.advanceAsync(0);
      await clock.runUntilSettled(createGroup(links, 'films'));
      expect(calls).toBe(4);
      expect(clock.now()).toBe(250);
      calls = -1_000;
      await expect(clock.runUntilSettled(createGroup(links, 'films'))).rejects.toMatchObject({ code });
      expect(clock.now()).toBe(250 + 5_000);
      await end(clock, trackers);
    },
  );

  it.each(['read_only', 'journal_failed'])(
    'asks another tracker after %s, and only if there is one',
    async (code) => {
      const clock = createManualClock();
      const pair = await startOn(clock, { create_group: refuse(code) }, { create_group: nothing });
      const links = pair.links();
      await clock.advanceAsync(0);
      await clock.runUntilSettled(createGroup(links, 'films'));
      await end(clock, pair);
      const alone = await startOn(clock, { create_group: refuse(code) });
      const link = alone.links();
      const before = clock.now();
      await expect(clock.runUntilSettled(createGroup(link, 'films'))).rejects.toMatchObject({ code });
      expect(clock.now()).toBe(before);
      await end(clock, alone);
    },
  );

  it('finds a tracker that starts later, and tells when it is there and when it is lost', async () => {
    const told: string[] = [];
    await using trackers = new FakeTrackers([{ create_group: nothing }]);
    const links = trackers.links({
      onConnected: ({ port }) => told.push(`connected ${port}`),
      onLost: ({ port }) => told.push(`lost ${port}`),
    });
    const call = createGroup(links, 'films');
    const server = await trackers.start(0);
    await call;
    await server.close({ signal: AbortSignal.abort() });
    await vi.waitFor(() => expect(told).toEqual(['connected 1', 'lost 1']), 20_000);
  });

  it('gives up with tracker_unreachable, cancels with the caller’s reason, and ends calls with closed', async () => {
    await using trackers = new FakeTrackers([{}, {}]);
    await expect(createGroup(trackers.links({ patienceMs: 20 }), 'films')).rejects.toMatchObject({
      code: 'tracker_unreachable',
      message: 'Cannot reach a tracker at tracker:1, tracker:2',
      cause: expect.objectContaining({ code: 'connect_failed' }),
    });
    const links = trackers.links();
    const reason = new Error('never mind');
    const cancelled = links.call(never, { signal: AbortSignal.abort(reason) });
    await expect(cancelled).rejects.toBe(reason);
    const ended = createGroup(links, 'films');
    await Promise.all([expect(ended).rejects.toMatchObject({ code: 'closed' }), links.close()]);
  });

  it('does not wait for ever for a connection to a tracker that is not there', async () => {
    const clock = createManualClock();
    const memory = createMemoryNetwork();
    const connect = vi
      .fn(memory.connect)
      .mockImplementationOnce(
        (_, { signal } = {}) =>
          new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
      );
    const network = { ...memory, connect };
    const trackers = await FakeTrackers.start([{ create_group: nothing }], { clock, network });
    await clock.runUntilSettled(createGroup(trackers.links(), 'films'));
    expect(clock.now()).toBeGreaterThanOrEqual(3_000);
    expect(clock.now()).toBeLessThan(3_500);
    await end(clock, trackers);
  });

  it('comes back to a tracker soon that worked, however often its connection breaks', async () => {
    const clock = createManualClock();
    let last: Connection | undefined;
    const create_group: TrackerHandlers['create_group'] = async (_, { connection }) => {
      last = connection;
      return {};
    };
    const trackers = await startOn(clock, { create_group });
    const links = trackers.links();
    for (let breaks = 0; breaks < 8; breaks++) {
      const beforeMs = clock.now();
      await clock.runUntilSettled(createGroup(links, 'films'));
      expect(clock.now() - beforeMs).toBeLessThanOrEqual(250);
      last?.abort();
    }
    await end(clock, trackers);
  });

  it('has one link to a tracker that is named twice, and needs one', async () => {
    await using trackers = new FakeTrackers([{}]);
    const [address] = trackers.addresses;
    expect(
      trackers.links({ trackers: address === undefined ? [] : [address, { ...address }] }).links,
    ).toHaveLength(1);
    expect(() => trackers.links({ trackers: [] })).toThrow(RangeError);
  });

  it('leaves nothing behind', async () => {
    const clock = createManualClock();
    const check = createLeakCheck();
    const network = check.network(createMemoryNetwork());
    const heard: string[] = [];
    const trackers = await FakeTrackers.start(
      [tracker('a', heard), tracker('b', heard, { create_group: never })],
      {
        clock: check.clock(clock),
        network,
      },
    );
    const links = trackers.links();
    await clock.runUntilSettled(links.login(credentials));
    await clock.runUntilSettled(createGroup(links, 'films'));
    await end(clock, trackers);
    await clock.advanceAsync(60_000);
    check.assertNothingLeft();
  });
});

describe('TrackerLinks, logging in', () => {
  it('logs in at the best tracker, and by itself at all others, now and when they come back', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const devices = new Set<string>();
    const noting = (name: string): Partial<TrackerHandlers> => ({
      ...tracker(name, heard),
      login: async ({ userId, deviceId }) => {
        heard.push(`${name} ${userId}`);
        devices.add(String(deviceId));
        return { memberships: [], mayBeStale: false };
      },
    });
    const trackers = new FakeTrackers([noting('a'), noting('b'), noting('late')], { clock });
    await trackers.start(0);
    const second = await trackers.start(1);
    const links = trackers.links();
    await clock.advanceAsync(0);
    await clock.runUntilSettled(links.login(credentials));
    await clock.advanceAsync(0);
    expect(heard.splice(0)).toEqual(['a alice', 'b alice']);
    await trackers.start(2);
    await clock.advanceAsync(5_000);
    expect(heard.splice(0)).toEqual(['late alice']);
    await second.close({ signal: AbortSignal.abort() });
    await trackers.start(1);
    await clock.advanceAsync(1_000);
    expect(heard).toEqual(['b alice']);
    expect([...devices]).toEqual([String(credentials.deviceId)]);
    await end(clock, trackers);
  });

  it('makes no call over a connection that is not logged in yet', async () => {
    const heard: string[] = [];
    const trackers = new FakeTrackers([tracker('a', heard)]);
    const server = await trackers.start(0);
    const links = trackers.links();
    await links.login(credentials);
    await createGroup(links, 'films');
    await server.close({ signal: AbortSignal.abort() });
    await trackers.start(0);
    await createGroup(links, 'music');
    expect(heard).toEqual(['a login alice', 'a films', 'a login alice', 'a music']);
    await trackers[Symbol.asyncDispose]();
  });

  it('goes to the next tracker from a backup that cannot tell, and does not hurry back to it', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    let logins = 0;
    const login: TrackerHandlers['login'] = async () => {
      logins += 1;
      if (logins <= 3) throw new RpcError('not_primary', 'This tracker is a backup');
      return { memberships: [], mayBeStale: true };
    };
    const onRefused = vi.fn();
    const trackers = await startOn(clock, tracker('backup', heard, { login }), tracker('primary', heard));
    const links = trackers.links({ onRefused });
    await clock.advanceAsync(0);
    await clock.runUntilSettled(links.login(credentials));
    await clock.runUntilSettled(createGroup(links, 'films'));
    expect(heard).toEqual(['primary login alice', 'primary films']);
    await clock.advanceAsync(300);
    expect(logins).toBe(2);
    expect(links.links.map((link) => link.isLive)).toEqual([false, true]);
    await clock.advanceAsync(4_000);
    expect(logins).toBe(4);
    expect(links.links.map((link) => link.isLive)).toEqual([true, true]);
    expect(onRefused).not.toHaveBeenCalled();
    await end(clock, trackers);
  });

  it('does not ask a backup too often that counts each login as a failed one', async () => {
    const clock = createManualClock();
    const asked: number[] = [];
    const login: TrackerHandlers['login'] = async () => {
      asked.push(clock.now());
      if (asked.length < 3) throw new RpcError('not_primary', 'This tracker is a backup');
      return { memberships: [], mayBeStale: true };
    };
    const trackers = await startOn(clock, { login });
    await clock.runUntilSettled(trackers.links().login(credentials));
    expect(asked).toEqual([0, 1_000, 3_000]);
    await end(clock, trackers);
  });

  it('logs out everywhere when a tracker that should know does not know the password any more', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const onRefused = vi.fn();
    let isKnown = true;
    const login: TrackerHandlers['login'] = async () => {
      if (!isKnown) throw new RpcError('wrong_password', 'There is no such user');
      return { memberships: [], mayBeStale: false };
    };
    const backup = tracker('backup', heard, { mayBeStale: true });
    const trackers = new FakeTrackers([tracker('primary', heard, { login }), backup], { clock });
    const first = await trackers.start(0);
    await trackers.start(1);
    const links = trackers.links({ onRefused });
    await clock.runUntilSettled(links.login(credentials));
    await clock.advanceAsync(0);
    await first.close({ signal: AbortSignal.abort() });
    isKnown = false;
    await trackers.start(0);
    await clock.advanceAsync(1_000);
    expect(onRefused).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ userId: 'alice' }),
      expect.objectContaining({ code: 'wrong_password' }),
    );
    expect(links.credentials).toBeUndefined();
    expect(heard.at(-1)).toBe('backup logout');
    await end(clock, trackers);
  });

  it('believes a tracker that knows the user, and is no backup, more than one that does not', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const onRefused = vi.fn();
    const trackers = await startOn(
      clock,
      tracker('a', heard),
      tracker('stranger', heard, { login: refuse('wrong_password') }),
    );
    const links = trackers.links({ onRefused });
    await clock.advanceAsync(0);
    await clock.runUntilSettled(links.login(credentials));
    await clock.advanceAsync(60_000);
    expect(onRefused).not.toHaveBeenCalled();
    expect(links.credentials).toMatchObject({ userId: 'alice' });
    expect(heard).toEqual(['a login alice']);
    await end(clock, trackers);
  });

  it('gives a refusal of a login to the user', async () => {
    const clock = createManualClock();
    const trackers = await startOn(
      clock,
      { login: refuse('wrong_password') },
      { login: refuse('wrong_password') },
    );
    const links = trackers.links();
    await expect(clock.runUntilSettled(links.login(credentials))).rejects.toMatchObject({
      code: 'wrong_password',
    });
    expect(clock.now()).toBe(0);
    expect(links.credentials).toBeUndefined();
    await end(clock, trackers);
  });

  it('begins a new connection where a login’s outcome is unknown', async () => {
    const clock = createManualClock();
    const connections = new Set<Connection>();
    const login: TrackerHandlers['login'] = async (_, { connection }) => {
      connections.add(connection);
      return connections.size === 1 ? await never() : { memberships: [], mayBeStale: false };
    };
    const trackers = await startOn(clock, { login });
    const links = trackers.links();
    await clock.advanceAsync(0);
    const giveUp = new AbortController();
    const first = links.login(credentials, { signal: giveUp.signal });
    await clock.advanceAsync(0);
    giveUp.abort(new Error('never mind'));
    await expect(first).rejects.toThrow('never mind');
    await clock.runUntilSettled(links.login(credentials));
    expect(connections.size).toBe(2);
    await end(clock, trackers);
  });

  it('begins a new connection where a tracker has somebody logged in that nobody here knows of', async () => {
    const clock = createManualClock();
    const connections = new Set<Connection>();
    const login: TrackerHandlers['login'] = async (_, { connection }) => {
      connections.add(connection);
      if (connections.size === 1) throw new RpcError('already_logged_in', 'You are logged in');
      return { memberships: [], mayBeStale: false };
    };
    const trackers = await startOn(clock, tracker('a', []), { login });
    const links = trackers.links();
    await clock.advanceAsync(0);
    await clock.runUntilSettled(links.login(credentials));
    await clock.advanceAsync(500);
    expect(connections.size).toBe(2);
    expect(links.links.map((link) => link.isLive)).toEqual([true, true]);
    await end(clock, trackers);
  });

  it('begins anew where a tracker has ended the session', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    let calls = 0;
    const create_group: TrackerHandlers['create_group'] = async () => {
      calls += 1;
      if (calls === 1) throw new RpcError('not_logged_in', 'You are not logged in');
      return {};
    };
    const trackers = await startOn(clock, tracker('a', heard, { create_group }));
    const links = trackers.links();
    await clock.runUntilSettled(links.login(credentials));
    await clock.runUntilSettled(createGroup(links, 'films'));
    expect(heard).toEqual(['a login alice', 'a login alice']);
    await end(clock, trackers);
  });

  it('tells a caller that is not logged in, and does not try for ever', async () => {
    const clock = createManualClock();
    const trackers = await startOn(clock, { create_group: refuse('not_logged_in') });
    const links = trackers.links();
    await expect(clock.runUntilSettled(createGroup(links, 'films'))).rejects.toMatchObject({
      code: 'not_logged_in',
    });
    expect(clock.now()).toBe(0);
    await end(clock, trackers);
  });
});

describe('TrackerLinks, logging out', () => {
  it('logs out everywhere, and lets somebody else log in after that', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const trackers = await startOn(clock, tracker('a', heard), tracker('b', heard));
    const links = trackers.links();
    await clock.advanceAsync(0);
    await clock.runUntilSettled(links.login(credentials));
    await clock.advanceAsync(0);
    await clock.runUntilSettled(links.logout());
    await clock.runUntilSettled(links.login({ ...credentials, userId: 'bob' }));
    await clock.advanceAsync(0);
    const both = (what: string): string[] => [`a ${what}`, `b ${what}`];
    expect(heard).toEqual([...both('login alice'), ...both('logout'), ...both('login bob')]);
    await end(clock, trackers);
  });

  it('does not keep the next user waiting for a tracker that did not know the last one', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const login: TrackerHandlers['login'] = async ({ userId }) => {
      heard.push(userId);
      if (userId === 'alice') throw new RpcError('not_primary', 'This tracker is a backup');
      return { memberships: [], mayBeStale: true };
    };
    const trackers = await startOn(clock, tracker('primary', []), { login, logout: nothing });
    const links = trackers.links();
    await clock.advanceAsync(0);
    await clock.runUntilSettled(links.login(credentials));
    await clock.advanceAsync(50_000);
    heard.length = 0;
    const beforeMs = clock.now();
    await clock.runUntilSettled(links.logout());
    await clock.runUntilSettled(links.login({ ...credentials, userId: 'bob' }));
    await clock.advanceAsync(0);
    expect(clock.now()).toBe(beforeMs);
    expect(heard).toEqual(['bob']);
    expect(links.links.map((link) => link.isLive)).toEqual([true, true]);
    await end(clock, trackers);
  });

  it('ends the connection to a tracker that does not answer, and needs no tracker at all', async () => {
    const clock = createManualClock();
    const heard: string[] = [];
    const onLost = vi.fn();
    const trackers = await startOn(clock, tracker('a', heard, { logout: never }));
    const links = trackers.links({ onLost });
    await clock.runUntilSettled(links.login(credentials));
    await clock.runUntilSettled(links.logout());
    expect(clock.now()).toBe(1_500);
    await clock.advanceAsync(0);
    expect(onLost).toHaveBeenCalledTimes(1);
    await end(clock, trackers);
    const nobody = new FakeTrackers([{}], { clock });
    const unlinked = nobody.links();
    unlinked.useLogin(credentials);
    await clock.runUntilSettled(unlinked.logout());
    expect(unlinked.credentials).toBeUndefined();
    await end(clock, nobody);
  });
});

describe('TrackerLinks, where another device answers', () => {
  const [pin, other, own] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  const address = { host: 'tracker', port: 1 };

  /** A tracker's place, and links that want `pin` there, on a network that proves who is where. */
  function setUp(clock: ManualClock) {
    const network = createMemoryNetwork();
    const mine = network.from('peer', own);
    const connect = vi.fn(mine.connect);
    const told: string[] = [];
    const heard: string[] = [];
    const at = (deviceId: Uint8Array | undefined): FakeTrackers =>
      new FakeTrackers([tracker('a', heard)], { clock, network: network.from('tracker', deviceId) });
    const links = (): TrackerLinks =>
      at(own).links({
        network: { ...mine, connect },
        trackers: [{ ...address, ...(pin === undefined ? {} : { pin }) }],
        onConnected: () => told.push('connected'),
        onLost: (place, _reason, code) => told.push(`lost ${place.host}:${place.port} ${code}`),
      });
    return { at, links, connect, told, heard };
  }

  it('tells it nothing, reports it once, and looks again once a minute', async () => {
    const clock = createManualClock();
    const { at, links, connect, told, heard } = setUp(clock);
    const accepted = vi.fn();
    const impostor = at(other);
    await impostor.network.listen(address, accepted);
    const linked = links();
    linked.useLogin(credentials);
    await clock.advanceAsync(600_000);
    expect(told).toEqual(['lost tracker:1 wrong_identity']);
    expect(connect.mock.calls.length).toBeGreaterThanOrEqual(8);
    expect(connect.mock.calls.length).toBeLessThanOrEqual(11);
    expect(accepted).not.toHaveBeenCalled();
    expect(heard).toEqual([]);
    expect(linked.links[0]?.lastFailure).toMatchObject({ code: 'wrong_identity' });
    await clock.runUntilSettled(linked.close());
  });

  it('goes on when the tracker itself is back, and reports the next one', async () => {
    const clock = createManualClock();
    const { at, links, told } = setUp(clock);
    const [impostor, real] = [at(other), at(pin)];
    const first = await impostor.start(0);
    const linked = links();
    await clock.advanceAsync(0);
    await clock.runUntilSettled(first.close());
    const tracked = await real.start(0);
    await clock.advanceAsync(75_000);
    expect(told).toEqual(['lost tracker:1 wrong_identity', 'connected']);
    await clock.runUntilSettled(tracked.close({ signal: AbortSignal.abort() }));
    await impostor.start(0);
    await clock.advanceAsync(300_000);
    expect(told.slice(2)).toEqual([
      expect.stringMatching(/^lost tracker:1 \w+$/),
      'lost tracker:1 wrong_identity',
    ]);
    await clock.runUntilSettled(linked.close());
    await end(clock, impostor);
    await end(clock, real);
  });
});
