import {
  createServer,
  createSystemClock,
  createSystemRandom,
  type Handlers,
  RpcError,
  type RpcServer,
  serve,
} from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';
import { describe, expect, it, vi } from 'vitest';
import { TrackerCalls } from '../src/shell/tracker-calls.ts';
import { TrackerLink, type TrackerLinkOptions } from '../src/shell/tracker-link.ts';

type TrackerHandlers = Handlers<typeof trackerContract>;

const clock = createSystemClock();
const random = createSystemRandom();

/** A network with trackers that answer as told; every message that was not told of is a failure. */
function trackers(...each: Partial<TrackerHandlers>[]) {
  const network = createMemoryNetwork();
  const addresses = each.map((_, index) => ({ host: 'tracker', port: 1 + index }));
  const servers: RpcServer[] = [];
  const start = async (index: number): Promise<RpcServer> => {
    const handlers = new Proxy(each[index] ?? {}, {
      get: (known, name) =>
        Reflect.get(known, name) ?? (() => Promise.reject(new Error(`Unexpected ${String(name)}`))),
    }) as TrackerHandlers; // Every name is answered by the proxy.
    const address = addresses[index] ?? { host: 'tracker', port: 0 };
    const server = await createServer({
      network,
      clock,
      address,
      serve: [serve(trackerContract, handlers)],
      trusted: true,
    });
    servers.push(server);
    return server;
  };
  const link = (options: Partial<TrackerLinkOptions> = {}): TrackerLink =>
    new TrackerLink({
      ...{ network, clock, random, trackers: addresses, patienceMs: 5_000 },
      callbacks: serve(trackerCallbacks, {
        make_file: async () => ({}),
        membership_changed: async () => ({}),
        peer_authentication: async () => ({ decision: 'undecided' }),
      }),
      introduce: async () => undefined,
      onConnected: () => undefined,
      onLost: () => undefined,
      ...options,
    });
  const close = (): Promise<unknown> =>
    Promise.all(servers.map((server) => server.close({ signal: AbortSignal.abort() })));
  return { start, link, addresses, close };
}

describe('TrackerLink', () => {
  it('makes a call again on the next tracker, with the same request id, when its connection breaks', async () => {
    const requestIds: string[] = [];
    const field = trackers(
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
    await field.start(0);
    await field.start(1);
    const link = field.link();
    await new TrackerCalls(link, random).createGroup('films');
    expect(requestIds).toHaveLength(2);
    expect(requestIds[0]).toBe(requestIds[1]);
    await link.close();
    await field.close();
  });

  it('gives the tracker’s own refusals to the caller and does not try again', async () => {
    const createGroup = vi.fn(() =>
      Promise.reject(new RpcError('group_exists', 'There is a group films already')),
    );
    const field = trackers({ create_group: createGroup });
    await field.start(0);
    const link = field.link();
    await expect(new TrackerCalls(link, random).createGroup('films')).rejects.toMatchObject({
      code: 'group_exists',
    });
    expect(createGroup).toHaveBeenCalledTimes(1);
    await link.close();
    await field.close();
  });

  it('introduces itself on every connection before any call', async () => {
    const heard: string[] = [];
    const field = trackers({
      login: async ({ userId }) => {
        heard.push(`login ${userId}`);
        return { memberships: [], mayBeStale: false };
      },
      create_group: async () => {
        heard.push('create_group');
        return {};
      },
    });
    const first = await field.start(0);
    const link = field.link({
      introduce: async (client) => {
        await client.login({ userId: 'alice', password: 'a long password', deviceId: new Uint8Array(32) });
      },
    });
    const calls = new TrackerCalls(link, random);
    await calls.createGroup('films');
    await first.close({ signal: AbortSignal.abort() });
    await field.start(0);
    await calls.createGroup('music');
    expect(heard).toEqual(['login alice', 'create_group', 'login alice', 'create_group']);
    await link.close();
    await field.close();
  });

  it('finds a tracker that starts later, and tells when it is there and when it is lost', async () => {
    const told: string[] = [];
    const field = trackers({ create_group: async () => ({}) });
    const link = field.link({
      onConnected: ({ port }) => told.push(`connected ${port}`),
      onLost: ({ port }) => told.push(`lost ${port}`),
    });
    const call = new TrackerCalls(link, random).createGroup('films');
    const server = await field.start(0);
    await call;
    await server.close({ signal: AbortSignal.abort() });
    await vi.waitFor(() => expect(told).toEqual(['connected 1', 'lost 1']));
    await link.close();
  });

  it('gives up with tracker_unreachable, cancels with the caller’s reason, and ends calls with closed', async () => {
    const field = trackers({});
    const impatient = field.link({ patienceMs: 20 });
    const calls = new TrackerCalls(impatient, random);
    await expect(calls.createGroup('films')).rejects.toMatchObject({ code: 'tracker_unreachable' });
    await impatient.close();
    const patient = field.link();
    const reason = new Error('never mind');
    const cancelled = new TrackerCalls(patient, random).createGroup('films', {
      signal: AbortSignal.abort(reason),
    });
    await expect(cancelled).rejects.toBe(reason);
    const ended = new TrackerCalls(patient, random).createGroup('films');
    await Promise.all([expect(ended).rejects.toMatchObject({ code: 'closed' }), patient.close()]);
  });
});

describe('TrackerCalls', () => {
  it('joins the pages of a list, which may be stale where one of them may be', async () => {
    const page = (...names: string[]) =>
      names.map((groupId) => ({ groupId, members: 1, files: 0, standing: 'none' as const }));
    const field = trackers({
      list_groups: async ({ after }) =>
        after === ''
          ? { groups: page('a', 'b'), next: 'b', mayBeStale: true }
          : { groups: page('c'), next: '', mayBeStale: false },
    });
    await field.start(0);
    const link = field.link();
    const groups = await new TrackerCalls(link, random).listGroups();
    expect(groups.items.map(({ groupId }) => groupId)).toEqual(['a', 'b', 'c']);
    expect(groups.mayBeStale).toBe(true);
    await link.close();
    await field.close();
  });

  it('joins the pages of who waits to join', async () => {
    const page = (...names: string[]) =>
      names.map((userId) => ({ groupId: 'films', userId, requestedAtMs: 1 }));
    const field = trackers({
      list_requests: async ({ groupId, after }) => {
        expect(groupId).toBe('films');
        if (after === '') return { requests: page('ann', 'bob'), next: 'films/bob', mayBeStale: false };
        expect(after).toBe('films/bob');
        return { requests: page('carol'), next: '', mayBeStale: false };
      },
    });
    await field.start(0);
    const link = field.link();
    const requests = await new TrackerCalls(link, random).listRequests('films');
    expect(requests.items.map(({ userId }) => userId)).toEqual(['ann', 'bob', 'carol']);
    expect(requests.mayBeStale).toBe(false);
    await link.close();
    await field.close();
  });

  it.each(['', 'a b', 'a/b', '\u001b[2J', 'x'.repeat(65)])(
    'refuses the name %j before it is sent',
    async (name) => {
      const field = trackers({});
      const link = field.link();
      const calls = new TrackerCalls(link, random);
      const refused = { code: 'bad_name' };
      await expect(calls.createUser(name, 'a long password')).rejects.toMatchObject(refused);
      await expect(calls.createGroup(name)).rejects.toMatchObject(refused);
      await expect(calls.acceptRequest('films', name)).rejects.toMatchObject(refused);
      await expect(calls.listFiles(name)).rejects.toMatchObject(refused);
      await link.close();
    },
  );
});
