import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '@minitorrent/rpc-core';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describePostgres } from '../../../scripts/describe-postgres.ts';
import { type PostgresCluster, startPostgresCluster } from '../../../scripts/postgres-cluster.ts';
import { runPeer } from '../src/commands/peer.ts';
import { runTracker } from '../src/commands/tracker.ts';
import { parsePostgresUrl } from '../src/journal-place.ts';
import type { JsonLine } from '../src/output/reports.ts';
import { openSharedJournal } from '../src/shared-journal.ts';
import { peerTools, trackerTools } from '../src/system.ts';
import { createFakeWorld, type FakeWorld } from './support/fake-world.ts';

const PASSWORD = 'correct horse battery';
const SECRET = 'geheim';

/** `url` with a password, which a server that trusts everybody does not look at. */
function withPassword(url: string): string {
  return url.replace('tests@', `tests:${SECRET}@`);
}

describePostgres('minitorrent tracker --journal', () => {
  let postgres: PostgresCluster;
  beforeAll(async () => {
    postgres = await startPostgresCluster();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  it('runs several trackers over one journal', async () => {
    const journal = withPassword(await postgres.createDatabase());
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-shared-'));
    const trackers = [1, 2].map((at) => {
      const world = systemClockWorld();
      const data = join(folder.path, `tracker-${at}`);
      const options = { listen: '127.0.0.1:0', data, journal, json: true, log: 'json' } as const;
      return { world, ended: runTracker(options, world, trackerTools) };
    });
    const [first = '', second = ''] = await Promise.all(trackers.map(({ world }) => listening(world)));
    const peer = async (tracker: string, ...lines: string[]) => {
      const world = systemClockWorld();
      world.stdin.end(`${lines.join('\n')}\n`);
      // The same device at both.
      const data = join(folder.path, 'peer');
      const options = { tracker, listen: '127.0.0.1:0', data, downloads: data, json: true };
      expect([await runPeer(options, world, peerTools), world.out()]).toMatchObject([0, {}]);
    };
    await peer(first, 'create_user alice', PASSWORD, 'login alice', PASSWORD, 'create_group films');
    await peer(second, 'login alice', PASSWORD, 'upload_file films package.json');
    for (const { world } of trackers) world.signals.emit('SIGTERM');
    expect(await Promise.all(trackers.map(({ ended }) => ended))).toEqual([0, 0]);
    const said = trackers.map(({ world }) => world.out() + world.err()).join('');
    expect(said).not.toMatch(new RegExp(`${SECRET}|horse`));
  });

  it('says that PostgreSQL is away, after a while, and that it refuses, at once', async () => {
    const url = withPassword(await postgres.createDatabase());
    const clock = createManualClock();
    const missing = parsePostgresUrl(url.replace(/test_\d+/, 'nowhere'));
    await expect(openSharedJournal(missing, clock)).rejects.toMatchObject({
      code: 'postgres_refused',
      message: expect.stringMatching(/^PostgreSQL at \S+ refuses: database "nowhere" does not exist$/),
    });
    await postgres.stop();
    const opening = expect(openSharedJournal(parsePostgresUrl(url), clock)).rejects.toMatchObject({
      code: 'postgres_unreachable',
      message: expect.stringMatching(/^Cannot reach PostgreSQL at \S+: no such file or directory$/),
    });
    let isOver = false;
    void opening.finally(() => {
      isOver = true;
    });
    await vi.waitUntil(async () => {
      await clock.advanceAsync(1_000);
      return isOver;
    });
    await opening;
    await postgres.start();
  });
});

function systemClockWorld(): FakeWorld {
  return Object.assign(createFakeWorld(), { clock: createSystemClock() });
}

async function listening(world: FakeWorld): Promise<string> {
  return await vi.waitFor(
    () => {
      const lines = world.json() as JsonLine[];
      const found = lines.find((line) => line.type === 'event' && line.event === 'listening');
      if (found?.type !== 'event' || found.event !== 'listening') throw new Error(`Not in ${world.out()}`);
      return found.address;
    },
    { timeout: 20_000 },
  );
}
