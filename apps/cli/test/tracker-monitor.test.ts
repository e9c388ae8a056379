import { RpcError } from '@minitorrent/rpc-core';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { TrackerError, type TrackerStats, type TrackerStatus } from '@minitorrent/tracker';
import { describe, expect, it, vi } from 'vitest';
import { openTrackerMonitor, type WatchedTracker } from '../src/monitoring/tracker-monitor.ts';

const STATS: TrackerStats = {
  mode: 'ready',
  users: 3,
  groups: 2,
  sessions: 5,
  presence: { devices: 4, swarms: 6, shares: 8 },
  durableIndex: 41,
  pendingWrites: 1,
};

const STATUS: TrackerStatus = {
  role: 'alone',
  reason: '',
  changedMsAgo: 1_500,
  storeId: new Uint8Array(16),
  config: { epoch: 0, primary: '00'.repeat(16), inSync: [] },
  headIndex: 42,
  committedIndex: 41,
  register: 'none',
  others: [],
  lastTakeover: undefined,
  faults: [],
};

const tracker = (
  stats: WatchedTracker['stats'] = async () => STATS,
  status: Partial<TrackerStatus> = {},
): WatchedTracker => ({ stats, status: () => ({ ...STATUS, ...status }) });

async function open() {
  const clock = createManualClock();
  const onError = vi.fn();
  const address = { host: '127.0.0.1', port: 0 };
  const monitor = await openTrackerMonitor({ address, version: '1.2.3', clock, onError });
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${monitor.address.port}${path}`);
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
  };
  return {
    ...{ monitor, clock, onError, get },
    /** The value of each series of `/metrics`. */
    async metrics() {
      const { body } = await get('/metrics');
      const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(lines.map((line) => [line.replace(/ [^ ]+$/, ''), line.replace(/^.* /, '')]));
    },
    async ready() {
      const { status, body } = await get('/readyz');
      return { status, ...JSON.parse(body) };
    },
    [Symbol.asyncDispose]: () => monitor[Symbol.asyncDispose](),
  };
}

/** Has a call pass the monitor that ends as `outcome` does, after `ms`. */
async function call(
  { monitor, clock }: Awaited<ReturnType<typeof open>>,
  method: string,
  { ms = 0, error }: { readonly ms?: number; readonly error?: unknown } = {},
) {
  // The meter looks at the method alone.
  const incoming = { method } as Parameters<typeof monitor.interceptor>[0];
  await monitor.interceptor(incoming, async () => {
    clock.advance(ms);
    if (error !== undefined) throw error;
  });
}

describe('the monitor of a tracker', () => {
  it('lives, but is not ready, while the journal is read', async () => {
    await using scene = await open();
    expect(await scene.get('/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await scene.ready()).toEqual({
      status: 503,
      ready: false,
      role: 'starting',
      reason: 'The journal is being read',
    });
    const metrics = await scene.metrics();
    expect(metrics.get('minitorrent_tracker_ready')).toBe('0');
    expect(metrics.get('minitorrent_tracker_users')).toBe('Nan');
  });

  it('shows how the tracker stands', async () => {
    await using scene = await open();
    let stats = STATS;
    scene.monitor.show(tracker(async () => stats));
    expect(await scene.ready()).toEqual({ status: 200, ready: true, role: 'alone', reason: null });
    const { type } = await scene.get('/metrics');
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(Object.fromEntries(await scene.metrics())).toMatchObject({
      minitorrent_tracker_ready: '1',
      'minitorrent_tracker_role{role="alone"}': '1',
      'minitorrent_tracker_role{role="failed"}': '0',
      minitorrent_tracker_users: '3',
      minitorrent_tracker_groups: '2',
      minitorrent_tracker_sessions: '5',
      minitorrent_tracker_devices: '4',
      minitorrent_tracker_swarms: '6',
      minitorrent_tracker_shares: '8',
      minitorrent_tracker_durable_index: '41',
      minitorrent_tracker_pending_writes: '1',
      minitorrent_tracker_head_index: '42',
      minitorrent_tracker_role_seconds: '1.5',
      'minitorrent_tracker_witness{state="none"}': '1',
      minitorrent_tracker_remembered_faults: '0',
      'minitorrent_build_info{version="1.2.3"}': '1',
    });
    stats = { ...STATS, mode: 'failed', users: 0 };
    expect(Object.fromEntries(await scene.metrics())).toMatchObject({
      minitorrent_tracker_ready: '0',
      'minitorrent_tracker_role{role="alone"}': '0',
      'minitorrent_tracker_role{role="failed"}': '1',
      minitorrent_tracker_users: '0',
    });
  });

  it.each([
    ['ready', true, 'primary'],
    ['following', true, 'primary'],
    ['read_only', false, 'failed'],
    ['failed', false, 'failed'],
    ['closed', false, 'failed'],
  ] as const)('with a journal that is %s is ready: %s', async (mode, ready, role) => {
    await using scene = await open();
    scene.monitor.show(tracker(async () => ({ ...STATS, mode }), { role: 'primary' }));
    expect(await scene.ready()).toMatchObject({ status: ready ? 200 : 503, ready, role });
  });

  it.each([
    ['alone', true],
    ['shared', true],
    ['primary', true],
    ['backup', true],
    ['joining', false],
    ['unknown', false],
    ['candidate', false],
    ['safe', false],
    ['failed', false],
  ] as const)('is ready as %s: %s, and says why it is that', async (role, ready) => {
    await using scene = await open();
    scene.monitor.show(tracker(undefined, { role, reason: 'it was told to' }));
    const status = ready ? 200 : 503;
    expect(await scene.ready()).toEqual({ status, ready, role, reason: 'it was told to' });
    expect((await scene.metrics()).get(`minitorrent_tracker_role{role="${role}"}`)).toBe('1');
  });

  it('shows the others of a cluster, and forgets those that are gone', async () => {
    await using scene = await open();
    const other = { storeId: undefined, isInSync: true, lag: 3, heardMsAgo: 250 };
    const cluster: Partial<TrackerStatus> = {
      role: 'primary',
      config: { epoch: 7, primary: 'aa'.repeat(16), inSync: ['aa'.repeat(16), 'bb'.repeat(16)] },
      register: 'silent',
      others: [
        { ...other, name: 'b:7700' },
        { ...other, name: 'c:7700', isInSync: false, lag: undefined, heardMsAgo: undefined },
      ],
      faults: [{ msAgo: 1, reason: 'look' }],
    };
    scene.monitor.show(tracker(undefined, cluster));
    expect(Object.fromEntries(await scene.metrics())).toMatchObject({
      minitorrent_tracker_cluster_epoch: '7',
      minitorrent_tracker_cluster_in_sync: '2',
      minitorrent_tracker_remembered_faults: '1',
      'minitorrent_tracker_witness{state="silent"}': '1',
      'minitorrent_tracker_witness{state="none"}': '0',
      'minitorrent_tracker_cluster_other_in_sync{tracker="b:7700"}': '1',
      'minitorrent_tracker_cluster_other_in_sync{tracker="c:7700"}': '0',
      'minitorrent_tracker_cluster_other_lag_entries{tracker="b:7700"}': '3',
      'minitorrent_tracker_cluster_other_silent_seconds{tracker="b:7700"}': '0.25',
      'minitorrent_tracker_cluster_other_silent_seconds{tracker="c:7700"}': '+Inf',
    });
    expect([...(await scene.metrics()).keys()].filter((key) => /lag.*c:7700/.test(key))).toEqual([]);
    scene.monitor.show(tracker(undefined, { ...cluster, role: 'backup' }));
    expect([...(await scene.metrics()).keys()].filter((key) => key.includes(':7700'))).toEqual([
      'minitorrent_tracker_cluster_other_in_sync{tracker="b:7700"}',
      'minitorrent_tracker_cluster_other_in_sync{tracker="c:7700"}',
    ]);
    scene.monitor.show(tracker());
    expect([...(await scene.metrics()).keys()].filter((key) => key.includes(':7700'))).toEqual([]);
  });

  it('asks a tracker once at a time, and does not wait for one that is stuck', async () => {
    await using scene = await open();
    const { promise, resolve } = Promise.withResolvers<TrackerStats>();
    const stats = vi.fn(() => promise);
    scene.monitor.show(tracker(stats));
    const answers = Promise.all([scene.ready(), scene.metrics()]);
    await vi.waitFor(() => expect(scene.clock.scheduledTasks).toBe(2));
    scene.clock.advance(2_000);
    const [ready, metrics] = await answers;
    expect(ready).toMatchObject({ status: 503, role: 'silent' });
    expect(metrics.get('minitorrent_tracker_users')).toBe('Nan');
    expect(stats).toHaveBeenCalledOnce();
    resolve(STATS);
    expect(await scene.ready()).toMatchObject({ status: 200 });
    expect(scene.clock.scheduledTasks).toBe(0);
  });

  it('says why the tracker cannot tell how it stands', async () => {
    await using scene = await open();
    const error = new TrackerError('journal_failed', 'Cannot use the journal in PostgreSQL: gone');
    scene.monitor.show(tracker(() => Promise.reject(error)));
    expect(await scene.ready()).toMatchObject({ status: 503, role: 'failed', reason: error.message });
    expect((await scene.metrics()).get('minitorrent_tracker_users')).toBe('Nan');
  });

  it('counts calls by method and outcome, and times them', async () => {
    await using scene = await open();
    await call(scene, 'announce', { ms: 3 });
    await call(scene, 'announce', { ms: 700 });
    const outcomes = [
      new RpcError('wrong_password', 'no'),
      // What somebody else answered, or nobody foresaw: a label for each would have no end.
      new RpcError('strange', 'no', { remote: true }),
      new TypeError('defect'),
    ];
    for (const error of outcomes) await expect(call(scene, 'login', { error })).rejects.toBe(error);
    expect(Object.fromEntries(await scene.metrics())).toMatchObject({
      'minitorrent_tracker_calls_total{method="announce",outcome="ok"}': '2',
      'minitorrent_tracker_calls_total{method="login",outcome="ok"}': '0',
      'minitorrent_tracker_calls_total{method="login",outcome="wrong_password"}': '1',
      'minitorrent_tracker_calls_total{method="login",outcome="internal"}': '2',
      'minitorrent_tracker_call_duration_seconds_bucket{le="0.0025",method="announce"}': '0',
      'minitorrent_tracker_call_duration_seconds_bucket{le="0.005",method="announce"}': '1',
      'minitorrent_tracker_call_duration_seconds_bucket{le="1",method="announce"}': '2',
      'minitorrent_tracker_call_duration_seconds_sum{method="announce"}': '0.703',
      'minitorrent_tracker_call_duration_seconds_count{method="login"}': '3',
    });
  });

  it('counts what the tracker reports', async () => {
    await using scene = await open();
    const { monitor } = scene;
    const remote = { host: '10.0.0.1', port: 9 };
    monitor.note({ kind: 'logged_in', userId: 'alice', host: '10.0.0.1' });
    for (let times = 0; times < 2; times += 1)
      monitor.note({ kind: 'login_failed', userId: 'bob', host: '10.0.0.1' });
    monitor.note({ kind: 'connection_refused', remote, reason: 'too_many_connections' });
    monitor.note({ kind: 'connection_failed', remote, error: new RpcError('connection_lost', 'gone') });
    monitor.note({ kind: 'callback_failed', method: 'make_file', userId: 'bob', error: new Error('no') });
    monitor.note({ kind: 'handler_failed', method: 'login', error: new Error('defect') });
    monitor.note({ kind: 'role_changed', role: 'primary', epoch: 3, reason: 'it was silent' });
    monitor.note({ kind: 'fault', reason: 'look at this' });
    monitor.note({ kind: 'stopped_writing', error: new TrackerError('journal_failed', 'disk') });
    expect(Object.fromEntries(await scene.metrics())).toMatchObject({
      'minitorrent_tracker_logins_total{outcome="succeeded"}': '1',
      'minitorrent_tracker_logins_total{outcome="failed"}': '2',
      'minitorrent_tracker_connections_refused_total{reason="too_many_connections"}': '1',
      'minitorrent_tracker_connections_refused_total{reason="too_many_unauthenticated"}': '0',
      'minitorrent_tracker_connections_failed_total{code="connection_lost"}': '1',
      'minitorrent_tracker_callbacks_failed_total{method="make_file"}': '1',
      'minitorrent_tracker_role_changes_total{role="primary"}': '1',
      'minitorrent_tracker_faults_total{kind="fault"}': '1',
      'minitorrent_tracker_faults_total{kind="handler_failed"}': '1',
      'minitorrent_tracker_faults_total{kind="stopped_writing"}': '1',
      'minitorrent_tracker_faults_total{kind="background_failed"}': '0',
    });
  });
});
