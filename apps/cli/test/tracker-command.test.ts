import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RpcError } from '@minitorrent/rpc-core';
import type { TrackerStats, TrackerStatus } from '@minitorrent/tracker';
import { describe, expect, it, vi } from 'vitest';
import { runTracker, type TrackerTools } from '../src/commands/tracker.ts';
import type { TrackerCommandOptions } from '../src/commands/tracker-settings.ts';
import type { Variables } from '../src/config.ts';
import { openTrackerMonitor } from '../src/monitoring/tracker-monitor.ts';
import { readTrackerPlaces } from '../src/places/tracker-places.ts';
import { device, idOf } from './support/devices.ts';
import { createFakeWorld } from './support/fake-world.ts';

const STATS: TrackerStats = {
  mode: 'ready',
  users: 3,
  groups: 0,
  sessions: 0,
  presence: { devices: 0, swarms: 0, shares: 0 },
  durableIndex: 0,
  pendingWrites: 0,
};

const STATUS: TrackerStatus = {
  role: 'alone',
  reason: '',
  changedMsAgo: 0,
  storeId: new Uint8Array(16),
  config: { epoch: 0, primary: '00'.repeat(16), inSync: [] },
  headIndex: 0,
  committedIndex: 0,
  register: 'none',
  others: [],
  lastTakeover: undefined,
  faults: [],
};

async function start(options: Partial<TrackerCommandOptions> = {}, variables: Variables = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-tracker-'));
  const world = createFakeWorld({ variables: { MINITORRENT_DATA: folder.path, ...variables } });
  const close = vi.fn(async () => undefined);
  const openTracker = vi.fn<TrackerTools['openTracker']>(async () => ({
    address: { host: '127.0.0.1', port: 4711 },
    deviceId: device(3),
    stats: async () => STATS,
    status: () => STATUS,
    [Symbol.asyncDispose]: close,
  }));
  const tools: TrackerTools = {
    openTracker,
    readClusterId: async () => undefined,
    openMonitor: (settings) => openTrackerMonitor({ ...settings, version: '1' }),
  };
  const ended = runTracker({ listen: '127.0.0.1:0', ...options }, world, tools);
  return { world, close, openTracker, ended, folder, [Symbol.asyncDispose]: () => folder.remove() };
}

describe('minitorrent tracker', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ])('runs until %s and closes in good order with %d', async (signal, exitCode) => {
    await using run = await start();
    const folder = join(run.folder.path, 'tracker');
    await vi.waitFor(() =>
      expect(run.world.out()).toBe(
        `The tracker listens on 127.0.0.1:4711 and keeps its data in ${folder}; its id is ${idOf(3)}\n`,
      ),
    );
    expect(run.openTracker).toHaveBeenCalledExactlyOnceWith({
      listen: { host: '127.0.0.1', port: 0 },
      store: { kind: 'folder', folder },
      cluster: undefined,
      connections: 10_000,
      clock: run.world.clock,
      interceptors: [],
      onLog: expect.any(Function),
    });
    run.world.signals.emit(signal);
    expect(await run.ended).toBe(exitCode);
    expect(run.close).toHaveBeenCalledOnce();
    expect(run.world.signals.eventNames()).toEqual([]);
  });

  it('tells a machine where it listens', async () => {
    await using run = await start({ json: true });
    await vi.waitFor(() =>
      expect(run.world.json()).toMatchObject([
        {
          type: 'event',
          event: 'listening',
          role: 'tracker',
          address: '127.0.0.1:4711',
          downloadFolder: null,
        },
      ]),
    );
    run.world.signals.emit('SIGTERM');
    await run.ended;
  });

  it('keeps where it listens and who the others are, for invitations', async () => {
    const others = `two.example#${idOf(2)}`;
    await using run = await start({ listen: '0.0.0.0:0', join: others, cluster: 'c1'.repeat(16) });
    await vi.waitFor(() => expect(run.world.out()).toContain('listens on'));
    // The fake tracker makes no key.
    const folder = join(run.folder.path, 'tracker');
    await writeFile(join(folder, 'identity.pem'), '');
    await vi.waitFor(async () =>
      expect(await readTrackerPlaces(folder)).toEqual({
        listen: { host: '0.0.0.0', port: 4711 },
        others: [{ host: 'two.example', port: 7700, pin: device(2) }],
      }),
    );
    run.world.signals.emit('SIGTERM');
    await run.ended;
  });

  it('leaves no folder behind that was made for nothing', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-tracker-'));
    const data = join(folder.path, 'new');
    const world = createFakeWorld();
    const openTracker = async () => {
      await writeFile(join(data, 'tracker', 'identity.pem'), 'a key');
      throw new RpcError('listen_failed', 'Cannot listen');
    };
    const tools = {
      openTracker,
      readClusterId: async () => undefined,
      openMonitor: () => Promise.reject(new Error('No monitor')),
    };
    expect(await runTracker({ listen: '127.0.0.1:0', data }, world, tools)).toBe(1);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('ends with its standard input where that is agreed', async () => {
    await using run = await start({ exitWithStdin: true });
    run.world.stdin.end();
    expect(await run.ended).toBe(0);
    expect(run.close).toHaveBeenCalledOnce();
  });

  it('refuses a wrong address, and says why it cannot start', async () => {
    await using wrong = await start({ listen: '::1' });
    expect(await wrong.ended).toBe(2);
    const world = createFakeWorld();
    const failing: TrackerTools = {
      openTracker: () => Promise.reject(Object.assign(new Error('In use'), { code: 'locked' })),
      readClusterId: async () => undefined,
      openMonitor: () => Promise.reject(new Error('Not asked for')),
    };
    const data = wrong.folder.path;
    expect(await runTracker({ listen: '[::1]', data }, world, failing)).toBe(1);
    expect(world.err()).toMatch(/^error: tracker: In use \(locked\)\n {2}next: another process uses it/);
  });

  it('serves metrics and health, also while the tracker is being opened', async () => {
    await using run = await start({ json: true, metrics: '127.0.0.1:0' });
    await vi.waitFor(() => expect(run.world.json()).toHaveLength(2));
    const [monitoring, listening] = run.world.json() as [{ address: string }, object];
    expect(monitoring).toEqual({
      type: 'event',
      event: 'monitoring',
      address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    expect(listening).toMatchObject({ event: 'listening' });
    const get = async (path: string) => await (await fetch(`http://${monitoring.address}${path}`)).text();
    expect(await get('/metrics')).toContain('\nminitorrent_tracker_users 3\n');
    expect(run.openTracker.mock.calls[0]?.[0].interceptors).toHaveLength(1);
    run.openTracker.mock.calls[0]?.[0].onLog({ kind: 'login_failed', userId: 'alice', host: '::1' });
    expect(await get('/metrics')).toContain('logins_total{outcome="failed"} 1\n');
    run.world.signals.emit('SIGTERM');
    expect(await run.ended).toBe(0);
    await expect(get('/healthz')).rejects.toThrow();
  });

  it('keeps its journal in PostgreSQL where it is told to, and shows no password', async () => {
    const journal = 'postgres://alice:secret@db.example/trackers';
    for (const [options, variables] of [
      [{ journal }, {}],
      [{}, { MINITORRENT_JOURNAL: journal }],
    ] as const) {
      await using run = await start({ ...options, json: true, log: 'json' }, variables);
      await vi.waitFor(() => expect(run.world.json()).toHaveLength(2));
      const shown = 'postgresql://db.example/trackers';
      expect(run.world.json()).toMatchObject([
        { event: 'notice', message: `Opening the journal at ${shown}` },
        {
          event: 'listening',
          deviceId: idOf(3),
          dataFolder: join(run.folder.path, 'tracker'),
          journal: shown,
        },
      ]);
      expect(run.openTracker.mock.calls[0]?.[0].store).toEqual({
        ...{ kind: 'postgres', url: journal, shown },
        folder: join(run.folder.path, 'tracker'),
      });
      run.world.signals.emit('SIGTERM');
      await run.ended;
      expect(run.world.out() + run.world.err()).not.toMatch(/secret|alice/);
    }
  });

  it.each([
    [{ journal: 'mysql://alice:secret@db/x' }, 'bad_postgres_url'],
    [{ connections: '0' }, 'bad_arguments'],
    [{ connections: '1000001' }, 'bad_arguments'],
    [{ connections: '1e3' }, 'bad_arguments'],
    [{ join: 'b:7700', cluster: 'ab'.repeat(16) }, 'no_pin'],
    [{ join: 'b:7700#ABC', cluster: 'ab'.repeat(16) }, 'bad_device_id'],
    [{ journal: 'postgres://db/x', join: 'b:7700', cluster: 'ab'.repeat(16) }, 'bad_arguments'],
    [{ journal: 'postgres://db/x', witness: 'b' }, 'bad_arguments'],
  ])('refuses %j with %s', async (options, code) => {
    await using run = await start(options);
    expect(await run.ended).toBe(2);
    expect(run.world.err()).toContain(`(${code})`);
    expect(run.world.err()).not.toContain('secret');
    expect(run.openTracker).not.toHaveBeenCalled();
  });

  it.each([
    [{}, 0, 1],
    [{ json: true }, 1, 0],
    [{ log: 'json' }, 0, 1],
    [{ json: true, log: 'json' }, 1, 1],
  ] as const)(
    'with %j tells of a new role %d times on output and %d times in the log',
    async (options, out, err) => {
      await using run = await start(options);
      await vi.waitFor(() => expect(run.world.out()).toContain('4711'));
      const report = { kind: 'role_changed', role: 'primary', epoch: 3, reason: 'it was asked to' } as const;
      run.openTracker.mock.calls[0]?.[0].onLog(report);
      run.world.signals.emit('SIGTERM');
      await run.ended;
      expect(run.world.out().split('it was asked to')).toHaveLength(1 + out);
      expect(run.world.err().split('it was asked to')).toHaveLength(1 + err);
    },
  );

  it('allows as many connections as it is told to', async () => {
    await using run = await start({ connections: '1000000' });
    await vi.waitFor(() => expect(run.openTracker).toHaveBeenCalled());
    expect(run.openTracker.mock.calls[0]?.[0].connections).toBe(1_000_000);
    run.world.signals.emit('SIGTERM');
    await run.ended;
  });

  it('does not start where its metrics cannot be served', async () => {
    await using first = await start({ metrics: '127.0.0.1:0' });
    await vi.waitFor(() => expect(first.world.out()).toContain('/metrics'));
    const metrics = /http:\/\/(.*)\/metrics/.exec(first.world.out())?.[1] ?? '';
    await using second = await start({ metrics });
    expect(await second.ended).toBe(1);
    expect(second.openTracker).not.toHaveBeenCalled();
    expect(second.world.err()).toMatch(
      /^error: tracker: Cannot serve metrics on 127\.0\.0\.1:\d+: address already in use \(metrics_failed\)\n {2}next: .*--metrics/,
    );
    first.world.signals.emit('SIGTERM');
    await first.ended;
  });

  it('logs what its tracker reports', async () => {
    await using run = await start({ logLevel: 'info' });
    await vi.waitFor(() => expect(run.openTracker).toHaveBeenCalled());
    run.openTracker.mock.calls[0]?.[0].onLog({ kind: 'login_failed', userId: 'alice', host: '::1' });
    run.world.signals.emit('SIGTERM');
    await run.ended;
    expect(run.world.err()).toBe(
      '2023-11-14T22:13:20.000Z warn  login_failed userId=alice host=::1\n' +
        '2023-11-14T22:13:20.000Z info  stopping\n',
    );
  });

  it('tells all in the log where that is for machines', async () => {
    await using run = await start({ log: 'json', metrics: '127.0.0.1:0' });
    await vi.waitFor(() => expect(run.world.err()).toContain('listening'));
    run.world.signals.emit('SIGTERM');
    await run.ended;
    const events = run.world
      .err()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(['monitoring', 'listening', 'stopping']);
  });
});
