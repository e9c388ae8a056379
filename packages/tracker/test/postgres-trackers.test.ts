/** Many trackers that share one journal in PostgreSQL, and know nothing of each other. */
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SharedJournal } from '../src/journal/journal.ts';
import { openPostgresJournal, type PostgresLimits } from '../src/postgres.ts';
import { replayJournal } from '../src/replay.ts';
import type { Tracker } from '../src/shell/create-tracker.ts';
import { connectPeer, newRequestId, PASSWORD, startTracker, type TestPeer } from './helpers/peers.ts';
import { describePostgres, type PostgresServer, startPostgres } from './helpers/postgres.ts';
import { createPostgresProxy } from './helpers/postgres-proxy.ts';
import { spawnTracker } from './helpers/spawn-tracker.ts';

describePostgres('trackers that share a journal', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  it('give each name to one user only, when a thousand want a hundred names', async () => {
    await using cluster = await startTrackers(await server.createDatabase(), 3);
    const outcomes = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => {
        const userId = `user-${at % 100}`;
        const { tracker } = cluster.peer(at);
        return tracker.create_user({ requestId: newRequestId(), userId, password: PASSWORD }).then(
          () => userId,
          (error: { readonly code?: string }) => error.code,
        );
      }),
    );
    const winners = outcomes.filter((outcome) => outcome?.startsWith('user-'));
    expect(winners).toHaveLength(100);
    expect(new Set(winners).size).toBe(100);
    expect(outcomes.filter((outcome) => outcome === 'user_exists')).toHaveLength(900);
    for (const tracker of cluster.trackers) {
      expect(await tracker.stats()).toMatchObject({ mode: 'ready', users: 100, durableIndex: 100 });
    }
  });

  it('show at once what was written at another one', async () => {
    await using cluster = await startTrackers(await server.createDatabase(), 3);
    for (let at = 0; at < 9; at += 1) {
      const requestId = newRequestId();
      const userId = `user-${at}`;
      await cluster.peer(at).tracker.create_user({ requestId, userId, password: PASSWORD });
      const other = cluster.peer(at + 1);
      await other.tracker.login({ userId, password: PASSWORD, deviceId: other.deviceId });
      await other.tracker.logout({});
    }
  });

  it('mark what they show as possibly stale while PostgreSQL is away, and refuse nobody for good', async () => {
    await using cluster = await startTrackers(await server.createDatabase(), 2);
    const peer = cluster.peer(0);
    const logIn = (userId: string) =>
      peer.tracker.login({ userId, password: PASSWORD, deviceId: peer.deviceId });
    await peer.signUp('alice');
    await peer.tracker.logout({});
    await server.stop();
    expect(await logIn('alice')).toMatchObject({ mayBeStale: true });
    await peer.tracker.logout({});
    await expect(logIn('bob')).rejects.toMatchObject({ code: 'not_primary' });
    await server.start();
    await cluster.peer(1).signUp('bob');
    const isKnown = (): Promise<boolean> =>
      logIn('bob').then(
        async ({ mayBeStale }) => {
          await peer.tracker.logout({});
          return !mayBeStale;
        },
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'not_primary' });
          return false;
        },
      );
    // The peer is in this process: without a pause nothing would ever arrive from PostgreSQL.
    while (!(await isKnown())) await new Promise((resolve) => setImmediate(resolve));
  });

  it('give a request that is tried again at another one its first answer', async () => {
    await using cluster = await startTrackers(await server.createDatabase(), 2);
    const requestId = newRequestId();
    const create = (at: number, userId: string): Promise<unknown> =>
      cluster.peer(at).tracker.create_user({ requestId, userId, password: PASSWORD });
    await create(0, 'alice');
    await create(1, 'alice');
    await expect(create(1, 'bob')).rejects.toMatchObject({ code: 'request_id_reused' });
    await Promise.all([0, 1, 0, 1].map((at) => create(at, 'alice')));
    expect(await cluster.trackers[1]?.stats()).toMatchObject({ users: 1, durableIndex: 1 });
  });

  it('tell a peer what changed at another one', async () => {
    await using cluster = await startTrackers(await server.createDatabase(), 2);
    const [alice, bob] = [cluster.peer(0), cluster.peer(1)];
    await alice.signUp('alice');
    await bob.signUp('bob');
    await alice.createGroup('friends');
    const joining = bob.tracker.join_group({ requestId: newRequestId(), groupId: 'friends' });
    expect(await joining).toMatchObject({ status: 'requested' });
    await alice.tracker.accept_request({ requestId: newRequestId(), groupId: 'friends', userId: 'bob' });
    expect(await bob.next('membership_changed')).toMatchObject({ groupId: 'friends' });
  });

  it.each(['SIGINT', 'SIGKILL'] as const)('lose nothing when PostgreSQL ends by %s', async (signal) => {
    await using cluster = await startTrackers(await server.createDatabase(), 3);
    const acknowledged: string[] = [];
    const create = async (at: number): Promise<void> => {
      const userId = `user-${at}`;
      await cluster.peer(at).tracker.create_user({ requestId: newRequestId(), userId, password: PASSWORD });
      acknowledged.push(userId);
    };
    const first = Array.from({ length: 150 }, (_, at) => create(at));
    await Promise.any(first);
    await server.stop(signal);
    const second = Array.from({ length: 150 }, (_, at) => create(150 + at));
    await server.start();
    await Promise.all([...first, ...second]);
    expect(acknowledged).toHaveLength(300);
    for (const tracker of cluster.trackers) {
      expect(await tracker.stats()).toMatchObject({ mode: 'ready', users: 300, durableIndex: 300 });
    }
  });

  it('answer from what they know while PostgreSQL is away, and take writes again when it is back', async () => {
    const limits = { firstRetryMs: 1, patienceMs: 50, freshMs: 20 };
    await using cluster = await startTrackers(await server.createDatabase(), 1, limits);
    const alice = cluster.peer(0);
    await alice.signUp('alice');
    await alice.createGroup('friends');
    await server.stop();
    expect(await alice.tracker.list_groups({ after: '' })).toMatchObject({
      groups: [{ groupId: 'friends' }],
    });
    await expect(alice.createGroup('others')).rejects.toMatchObject({
      code: 'read_only',
      message: expect.stringContaining('try again in a moment'),
    });
    expect(await cluster.trackers[0]?.stats()).toMatchObject({ mode: 'ready', groups: 1, pendingWrites: 0 });
    await server.start();
    await alice.createGroup('others');
    expect(await cluster.trackers[0]?.stats()).toMatchObject({ mode: 'ready', groups: 2 });
  });

  it('write once what PostgreSQL kept without telling', async () => {
    const url = await server.createDatabase();
    await using proxy = await createPostgresProxy(url);
    await using cluster = await startTrackers(proxy.url, 2, { firstRetryMs: 1 });
    await cluster.peer(0).signUp('alice');
    await cluster.peer(1).signUp('bob');
    for (const [round, lost] of ['INSERT INTO', 'COMMIT', 'FOR UPDATE'].entries()) {
      proxy.loseAnswerTo(lost);
      await Promise.all([0, 1].map((at) => cluster.peer(at).createGroup(`group-${round}-${at}`)));
    }
    expect(proxy.lost).toBe(3);
    for (const tracker of cluster.trackers) {
      expect(await tracker.stats()).toMatchObject({ mode: 'ready', groups: 6, durableIndex: 10 });
    }
  });

  it('say unconfirmed of what may have been kept, and find out when PostgreSQL is back', async () => {
    const url = await server.createDatabase();
    await using proxy = await createPostgresProxy(url);
    const limits = { firstRetryMs: 1, patienceMs: 50, freshMs: 20 };
    await using cluster = await startTrackers(proxy.url, 1, limits);
    const alice = cluster.peer(0);
    await alice.signUp('alice');
    const requestId = newRequestId();
    proxy.loseAnswerTo('COMMIT', { thenRefuse: true });
    const creating = alice.tracker.create_group({ requestId, groupId: 'friends' });
    await expect(creating).rejects.toMatchObject({ code: 'unconfirmed' });
    expect(proxy.lost).toBe(1);
    proxy.heal();
    await alice.tracker.create_group({ requestId, groupId: 'friends' });
    await expect(alice.createGroup('friends')).rejects.toMatchObject({ code: 'group_exists' });
    expect(await cluster.trackers[0]?.stats()).toMatchObject({ mode: 'ready', groups: 1, durableIndex: 3 });
  });

  it('stop when PostgreSQL has lost what was acknowledged, and say so', async () => {
    const url = await server.createDatabase();
    await using cluster = await startTrackers(url, 1);
    await cluster.peer(0).signUp('alice');
    await server.query(
      url,
      `UPDATE minitorrent.head SET "index" = 0, epoch = 0, hash = decode(repeat('00', 32), 'hex');
       DELETE FROM minitorrent.entries`,
    );
    const create = (): Promise<void> => cluster.peer(0).createGroup('friends');
    await expect(create()).rejects.toMatchObject({ message: expect.stringContaining('was acknowledged') });
    await expect(create()).rejects.toMatchObject({ code: 'journal_failed' });
    expect(await cluster.trackers[0]?.stats()).toMatchObject({ mode: 'failed' });
  });

  it('survive the kill of one of them in the middle of a burst', async () => {
    const url = await server.createDatabase();
    const network = createTcpNetwork();
    await using opened = new AsyncDisposableStack();
    const children = await Promise.all([1, 2, 3].map(() => spawnTracker(url)));
    for (const child of children) opened.use(child);
    const peers = await Promise.all(children.map(({ address }) => connectPeer({ network, address })));
    for (const peer of peers) opened.use(peer);
    const acknowledged: string[] = [];
    const refused: string[] = [];
    const enough = Promise.withResolvers<void>();
    // Each wants every name, in an order of its own.
    const bursts = peers.map(async ({ tracker }, number) => {
      // 7, 13 and 19 share no factor with 120.
      for (let at = 0; at < 120; at += 1) {
        const userId = `user-${(at * (6 * number + 7)) % 120}`;
        const outcome = tracker.create_user({ requestId: newRequestId(), userId, password: PASSWORD });
        await outcome.then(
          () => acknowledged.push(userId),
          (error: { readonly code?: string }) => refused.push(error.code ?? ''),
        );
        if (acknowledged.length === 40) enough.resolve();
      }
    });
    await enough.promise;
    await children[0]?.end('SIGKILL');
    await Promise.all(bursts);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(new Set(refused)).toContain('user_exists');
    const { users } = await usersAndHead(server, url);
    expect(users).toBe(120);
    await using late = await spawnTracker(url);
    await using peer = await connectPeer({ network, address: late.address });
    for (const userId of acknowledged) {
      const again = peer.tracker.create_user({ requestId: newRequestId(), userId, password: PASSWORD });
      await expect(again).rejects.toMatchObject({ code: 'user_exists' });
    }
  });
});

async function usersAndHead(server: PostgresServer, url: string): Promise<{ users: number }> {
  await using journal = await openPostgresJournal({ url });
  const rows = await server.query(url, 'SELECT count(*)::int AS entries FROM minitorrent.entries');
  expect(rows).toEqual([{ entries: journal.head.index }]);
  return { users: (await replayJournal(journal)).users.size };
}

interface Cluster extends AsyncDisposable {
  readonly trackers: readonly Tracker[];
  readonly journals: readonly SharedJournal[];
  /** A connection to one of them; a number beyond the last begins again. */
  peer(tracker: number): TestPeer;
}

async function startTrackers(
  url: string,
  count: number,
  postgresLimits: Partial<PostgresLimits> = {},
): Promise<Cluster> {
  await using opened = new AsyncDisposableStack();
  const network = createMemoryNetwork();
  const trackers: Tracker[] = [];
  const journals: SharedJournal[] = [];
  const peers: TestPeer[] = [];
  for (let number = 0; number < count; number += 1) {
    const journal = await openPostgresJournal({ url, limits: postgresLimits });
    const limits = { passwordsQueued: 1_000, joinAnswerMs: 0 };
    const rpcLimits = { callsInFlight: 1_000 };
    const tracker = await startTracker({ network, journal, limits, rpcLimits });
    opened.use(tracker);
    const peer = await connectPeer({ network, address: tracker.address, rpcLimits });
    opened.use(peer);
    trackers.push(tracker);
    journals.push(journal);
    peers.push(peer);
  }
  const resources = opened.move();
  return {
    trackers,
    journals,
    peer: (at) => {
      const peer = peers[at % count];
      if (peer === undefined) throw new RangeError('no such tracker');
      return peer;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
