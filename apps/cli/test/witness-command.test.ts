import { mkdtempDisposable, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, createSystemClock } from '@minitorrent/rpc-core';
import { formatDeviceId, type Identity } from '@minitorrent/rpc-core/identity';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import type { TrackerStatus } from '@minitorrent/tracker';
import { openWitnessRegister } from '@minitorrent/tracker/witness';
import { describe, expect, it, vi } from 'vitest';
import { runWitness, type WitnessCommandOptions } from '../src/commands/witness.ts';
import { runWitnessInit, type WitnessInitOptions } from '../src/commands/witness-init.ts';
import { openWitnessMonitor } from '../src/monitoring/witness-monitor.ts';
import type { JsonLine } from '../src/output/reports.ts';
import { makeDeviceId } from '../src/places/make-device-id.ts';
import { parsePlace } from '../src/places/place.ts';
import { witnessTools } from '../src/system.ts';
import { deviceOneAnswers, idOf } from './support/devices.ts';
import { createFakeWorld } from './support/fake-world.ts';

const CLUSTER = 'c1'.repeat(16);
/** The device that is admitted. */
const tracker = createIdentity();
const ONE = '01'.repeat(16);
const TWO = '02'.repeat(16);
/** The real parts, without what a process costs: its collectors would stay. */
const tools = {
  ...witnessTools,
  openMonitor: (place: Parameters<typeof witnessTools.openMonitor>[0]) =>
    openWitnessMonitor({ ...place, version: '1' }),
};

/** A witness on a register of its own, with real sockets. */
async function start(options: Partial<WitnessCommandOptions> = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-witness-'));
  const data = folder.path;
  expect(await runWitnessInit({ data, cluster: CLUSTER }, createFakeWorld(), tools)).toBe(0);
  const world = Object.assign(createFakeWorld(), { clock: createSystemClock() });
  const admit = formatDeviceId(tracker.deviceId);
  const ended = runWitness({ listen: '127.0.0.1:0', data, admit, json: true, ...options }, world, tools);
  const addressOf = (event: 'listening' | 'monitoring') =>
    vi.waitFor(() => {
      const lines = world.json() as JsonLine[];
      const found = lines.find((line) => line.type === 'event' && line.event === event);
      if (found?.type !== 'event' || !('address' in found)) throw new Error(`Not in ${world.out()}`);
      return found.address;
    });
  /** Its register, asked as the device of `identity`. */
  const openRegister = async (identity: Identity) => {
    const place = `${await addressOf('listening')}#${await makeDeviceId(join(data, 'witness'))}`;
    return openWitnessRegister({
      network: createTlsNetwork({ identity }),
      address: parsePlace(place, { defaultPort: 0 }),
      clusterId: Uint8Array.from(Buffer.from(CLUSTER, 'hex')),
    });
  };
  return { world, ended, folder, addressOf, openRegister, [Symbol.asyncDispose]: () => folder.remove() };
}

describe('minitorrent witness', () => {
  it('serves the register of its cluster, and tells what it swaps in log and metrics', async () => {
    await using run = await start({ metrics: '127.0.0.1:0', log: 'json' });
    await run.addressOf('listening');
    const get = async (path: string) => await fetch(`http://${await run.addressOf('monitoring')}${path}`);
    expect(await (await get('/metrics')).text()).toContain('\nminitorrent_witness_epoch 0\n');
    await using register = await run.openRegister(tracker);
    const config = { epoch: 1, primary: ONE, inSync: [ONE, TWO] };
    await vi.waitFor(async () => expect(await register.compareAndSwap(0, config)).toEqual({ kind: 'ok' }));
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toContain('\nminitorrent_witness_epoch 1\n');
    expect(metrics).toContain('\nminitorrent_witness_in_sync 2\n');
    expect(metrics).toContain('\nminitorrent_witness_swaps_total 1\n');
    expect(await (await get('/readyz')).json()).toEqual({ ready: true, role: 'witness', reason: null });
    run.world.signals.emit('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(run.world.err()).toContain(
      `"level":"warn","event":"swapped","epoch":1,"primary":"${ONE}","inSync":"${ONE},${TWO}"}`,
    );
    expect(run.world.out() + run.world.err()).not.toContain(CLUSTER);
  });

  it('does not let in who is not admitted, and counts it', async () => {
    await using run = await start({ metrics: '127.0.0.1:0', log: 'json' });
    await using register = await run.openRegister(createIdentity());
    expect(await register.read()).toMatchObject({ kind: 'unknown' });
    const page = await fetch(`http://${await run.addressOf('monitoring')}/metrics`);
    expect(await page.text()).toMatch(/_connections_refused_total\{reason="not_admitted"\} [1-9]/);
    run.world.signals.emit('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(run.world.err()).toContain('"reason":"not_admitted"');
  });

  it('does not run without knowing its trackers', async () => {
    for (const [options, code] of [
      [{}, 'bad_arguments'],
      [{ admit: '' }, 'bad_device_id'],
    ] as const) {
      const world = createFakeWorld();
      expect(await runWitness({ listen: '127.0.0.1:0', ...options }, world, tools)).toBe(2);
      expect(world.err()).toContain(`(${code})`);
    }
  });

  it('says how to make a register where there is none', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-witness-'));
    const world = createFakeWorld();
    expect(await runWitness({ listen: '127.0.0.1:0', data: folder.path, admit: idOf(1) }, world, tools)).toBe(
      1,
    );
    expect(world.err()).toMatch(/\(no_register\)\n {2}next: .*minitorrent witness init/);
  });
});

describe('minitorrent witness init', () => {
  it('makes the register once, for its owner alone, and tells the trackers how to start', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-witness-'));
    const world = createFakeWorld({ variables: { MINITORRENT_CLUSTER: CLUSTER } });
    expect(await runWitnessInit({ data: folder.path }, world, tools)).toBe(0);
    expect((await stat(join(folder.path, 'witness'))).mode & 0o777).toBe(0o700);
    expect(world.out()).toContain(`--cluster ${CLUSTER}`);
    const again = createFakeWorld({ variables: { MINITORRENT_CLUSTER: '' } });
    expect(await runWitnessInit({ data: folder.path, cluster: '', json: true }, again, tools)).toBe(1);
    expect(again.json()).toMatchObject([{ type: 'error', command: 'witness init', code: 'register_exists' }]);
  });

  it('makes one in place of a lost one from what the trackers know', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-witness-'));
    const config = { epoch: 41, primary: ONE, inSync: [ONE] };
    const initFolder = vi.fn<typeof tools.initFolder>(async (_, id = new Uint8Array()) => id);
    const askStatus = vi.fn(async ({ host }: Address) => {
      if (host !== 'a') throw Object.assign(new Error('Away'), { code: 'connect_failed' });
      // Only these are looked at.
      return {
        storeId: Uint8Array.from(Buffer.from(ONE, 'hex')),
        config,
        others: [],
      } as unknown as TrackerStatus;
    });
    const init = (options: WitnessInitOptions) => {
      const world = createFakeWorld();
      const given = { data: folder.path, ...options };
      return runWitnessInit(given, world, { ...tools, initFolder, askStatus, whoAnswers: deviceOneAnswers });
    };
    expect(await init({ from: 'a,b', cluster: CLUSTER })).toBe(1);
    expect(await init({ from: 'a' })).toBe(1);
    expect(await init({ from: 'a', cluster: CLUSTER, postgres: 'postgres://db/x' })).toBe(2);
    expect(initFolder).not.toHaveBeenCalled();
    expect(await init({ from: 'a', cluster: CLUSTER })).toBe(0);
    expect(initFolder).toHaveBeenCalledExactlyOnceWith(
      join(folder.path, 'witness'),
      Uint8Array.from(Buffer.from(CLUSTER, 'hex')),
      config,
    );
  });

  it('refuses an id that is none, and an address that is none, without repeating them', async () => {
    for (const options of [{ cluster: 'secret' }, { postgres: 'mysql://secret@db' }]) {
      const world = createFakeWorld();
      expect(await runWitnessInit(options, world, tools)).toBeGreaterThan(0);
      expect(world.err()).toMatch(/\((?:bad_cluster_id|bad_postgres_url)\)/);
      expect(world.err()).not.toContain('secret');
    }
  });
});
