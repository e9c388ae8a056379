/** Two trackers, with a witness or without one, and peers, as processes of the program itself. */
import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createSystemClock } from '@minitorrent/rpc-core';
import { askTracker } from '../../src/cluster/ask-tracker.ts';
import { parseClusterId } from '../../src/cluster/cluster-settings.ts';
import { statusRow } from '../../src/commands/tracker-status.ts';
import { type DemoProcess, startDemoProcess } from '../../src/demo/demo-process.ts';
import { findFreePorts } from '../../src/demo/free-ports.ts';
import type { TrackerStatusRow } from '../../src/output/operator-reports.ts';
import type { JsonLine } from '../../src/output/reports.ts';
import { makeDeviceId } from '../../src/places/make-device-id.ts';
import { parsePlace, requirePin } from '../../src/places/place.ts';

const PROGRAM = ['--conditions=@minitorrent/source', join(import.meta.dirname, '..', '..', 'src', 'main.ts')];
const CLUSTER = 'c1'.repeat(16);
export const PASSWORD = 'correct horse battery';

export interface ProcessPair extends AsyncDisposable {
  readonly addresses: readonly string[];
  /** Starts tracker 0 or 1 on what it has. */
  start(at: number): Promise<void>;
  /** kill -9. */
  kill(at: number): Promise<void>;
  /** SIGTERM; resolves when it has ended. */
  end(at: number): Promise<void>;
  /** Removes all that it keeps, but for its key. */
  wipe(at: number): Promise<void>;
  killWitness(): Promise<void>;
  wipeWitness(): Promise<void>;
  /** `witness init`, with more arguments. */
  initWitness(...args: readonly string[]): Promise<void>;
  /** Runs the program to its end; answers what it wrote. */
  program(...args: readonly string[]): Promise<string>;
  /** The `--data` of a process. */
  dataOf(name: string): string;
  startWitness(): Promise<void>;
  /** What it is; undefined for a tracker that does not answer. */
  status(at: number): Promise<TrackerStatusRow | undefined>;
  promote(at: number): Promise<void>;
  /** Waits until both, or those that run, are that. */
  untilRoles(...roles: readonly string[]): Promise<void>;
  /** Starts a peer with these options beside the usual ones. */
  startPeer(name: string, ...options: readonly string[]): Promise<DemoProcess>;
  /** What all processes told so far. */
  readonly reports: readonly { readonly name: string; readonly line: JsonLine; readonly atMs: number }[];
  readonly folder: string;
}

export async function createProcessPair({
  hasWitness,
}: {
  readonly hasWitness: boolean;
}): Promise<ProcessPair> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-pair-'));
  const clock = createSystemClock();
  const [first = 0, second = 0, third = 0] = await findFreePorts(3);
  const addresses = [`127.0.0.1:${first}`, `127.0.0.1:${second}`];
  const running = new Map<string, DemoProcess>();
  const reports: { name: string; line: JsonLine; atMs: number }[] = [];
  const dataOf = (name: string) => join(folder.path, name);
  const roleOf = (name: string) => (name === 'witness' ? 'witness' : 'tracker');
  const ports: Readonly<Record<string, number>> = { 'tracker-0': first, 'tracker-1': second, witness: third };
  const idOf = (name: string) => makeDeviceId(join(dataOf(name), roleOf(name)));
  const placeOf = async (name: string) => `127.0.0.1:${ports[name]}#${await idOf(name)}`;
  /** Removes all but its key, which an operator has a copy of: it is the same device for everybody then. */
  const wipe = async (name: string) => {
    const path = join(dataOf(name), roleOf(name));
    const files = (await readdir(path)).filter((file) => file !== 'identity.pem');
    await Promise.all(files.map((file) => rm(join(path, file), { recursive: true, force: true })));
  };

  async function launch(name: string, args: readonly string[]): Promise<DemoProcess> {
    const started = startDemoProcess({
      name,
      clock,
      args: [...PROGRAM, ...args, '--data', dataOf(name), '--json', '--exit-with-stdin'],
      onReport: (line) => reports.push({ name, line, atMs: clock.now() }),
    });
    running.set(name, started);
    await started.take((line) => line.type === 'event' && line.event === 'listening');
    return started;
  }

  async function stop(name: string, how: (process: DemoProcess) => Promise<void>): Promise<void> {
    const found = running.get(name);
    running.delete(name);
    if (found !== undefined) await how(found);
  }

  async function run(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [...PROGRAM, ...args]);
    return stdout;
  }

  const nameOf = (at: number) => `tracker-${at}`;
  const pair: ProcessPair = {
    addresses,
    reports,
    folder: folder.path,
    async start(at) {
      const other = await placeOf(nameOf(1 - at));
      const witnessed = hasWitness ? ['--witness', await placeOf('witness')] : [];
      const args = ['--listen', addresses[at] ?? '', '--join', other, ...witnessed, '--cluster', CLUSTER];
      await launch(nameOf(at), ['tracker', ...args]);
    },
    kill: (at) => stop(nameOf(at), (found) => found.kill()),
    end: (at) => stop(nameOf(at), async (found) => await found[Symbol.asyncDispose]()),
    wipe: (at) => wipe(nameOf(at)),
    killWitness: () => stop('witness', (found) => found.kill()),
    wipeWitness: () => wipe('witness'),
    async initWitness(...args) {
      await run('witness', 'init', '--data', dataOf('witness'), '--cluster', CLUSTER, ...args);
    },
    program: run,
    dataOf,
    async startWitness() {
      const admitted = await Promise.all([0, 1].map((at) => idOf(nameOf(at))));
      const args = ['--listen', `127.0.0.1:${third}`, '--admit', admitted.join(',')];
      await launch('witness', ['witness', ...args]);
    },
    async status(at) {
      const place = requirePin(parsePlace(await placeOf(nameOf(at)), { defaultPort: 0 }), 'tracker');
      const ask = askTracker(place, clock, (tracker, call) =>
        tracker.tracker_status({ clusterId: parseClusterId(CLUSTER) }, call),
      );
      return ask.then(
        (status) => statusRow(addresses[at] ?? '', status),
        () => undefined,
      );
    },
    async promote(at) {
      const data = join(folder.path, 'operator');
      await run('tracker', 'promote', await placeOf(nameOf(at)), '--cluster', CLUSTER, '--data', data);
    },
    async untilRoles(...roles) {
      const endMs = clock.now() + 120_000;
      for (;;) {
        const statuses = await Promise.all(addresses.map((_, at) => pair.status(at)));
        const current = statuses.map((status) => status?.role ?? 'down');
        if (current.join() === roles.join()) return;
        if (clock.now() > endMs)
          throw new Error(`Waited for ${roles.join()}, but they are ${current.join()}`);
      }
    },
    async startPeer(name, ...options) {
      const places = await Promise.all([0, 1].map((at) => placeOf(nameOf(at))));
      return await launch(name, [
        ...['peer', '--tracker', places.join(','), '--listen', '127.0.0.1:0', '--keep-going'],
        ...['--downloads', join(folder.path, `${name}-downloads`), ...options],
      ]);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Array.from(running.values(), (found) => found.kill()));
      await folder.remove();
    },
  };
  if (hasWitness) {
    await pair.initWitness();
    await pair.startWitness();
  }
  return pair;
}
