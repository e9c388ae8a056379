/** Many trackers that share one journal in PostgreSQL, and know nothing of each other. */
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SharedJournal } from '../src/journal/journal.ts';
import { openPostgresJournal } from '../src/postgres.ts';
import type { Tracker } from '../src/shell/create-tracker.ts';
import { connectPeer, newRequestId, PASSWORD, startTracker, type TestPeer } from './helpers/peers.ts';
import { describePostgres, type PostgresServer, startPostgres } from './helpers/postgres.ts';

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
});

interface Cluster extends AsyncDisposable {
  readonly trackers: readonly Tracker[];
  readonly journals: readonly SharedJournal[];
  /** A connection to one of them; a number beyond the last begins again. */
  peer(tracker: number): TestPeer;
}

async function startTrackers(url: string, count: number): Promise<Cluster> {
  await using opened = new AsyncDisposableStack();
  const network = createMemoryNetwork();
  const trackers: Tracker[] = [];
  const journals: SharedJournal[] = [];
  const peers: TestPeer[] = [];
  for (let number = 0; number < count; number += 1) {
    const journal = await openPostgresJournal({ url });
    const limits = { passwordsQueued: 1_000 };
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
