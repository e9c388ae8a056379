/**
 * `minitorrent cluster up`: two trackers and a witness as processes on this machine, for trying out what a pair does.
 *
 * What they keep stays for the next time. A process that ends is started again, so that one can be killed to watch.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Address, Clock } from '@minitorrent/rpc-core';
import { formatAddress, parseAddress } from '../address.ts';
import { parseClusterId } from '../cluster/cluster-settings.ts';
import { type Keeper, keepRunning } from '../cluster/keep-running.ts';
import { DEFAULT_TRACKER_PORT, dataFolder } from '../config.ts';
import { describeFailure, EXIT, type ExitCode, exitCodeOf } from '../failure.ts';
import { makePrivateFolder, openInFolder } from '../folders.ts';
import { roleMeaning } from '../output/tracker-status-lines.ts';
import { makeDeviceId } from '../places/make-device-id.ts';
import { listenForEnding } from '../process-signals.ts';
import { abortable } from '../shell/abortable.ts';
import type { World } from '../world.ts';
import { createReporterFor } from './output-for.ts';
import type { WitnessInitTools } from './witness-init.ts';

/** The options as the user wrote them. */
export interface ClusterUpOptions {
  readonly listen: string;
  readonly data?: string;
  readonly json?: boolean;
}

export interface ClusterUpSettings extends ClusterUpOptions {
  /** What starts this program again: arguments of Node.js and the program's file. */
  readonly program: readonly string[];
  readonly initFolder: WitnessInitTools['initFolder'];
}

/** From the first tracker's port to those of the second one and the witness. */
const SECOND = 1;
const WITNESS = 9;

/** Runs until a signal comes; answers the exit code. */
export async function runClusterUp(settings: ClusterUpSettings, world: World): Promise<ExitCode> {
  const reporter = await createReporterFor({ ...world, json: settings.json === true });
  using ending = listenForEnding({ process: world.process, output: world.stdout });
  const tell = (message: string): void => reporter.event({ event: 'notice', message });
  try {
    await using keepers = new AsyncDisposableStack();
    const listen = parseAddress(settings.listen, { defaultPort: DEFAULT_TRACKER_PORT });
    const folder = await dataFolder('cluster', { data: settings.data, variables: world.variables });
    const { trackers, clusterId } = await openInFolder(folder, async () => {
      await using starting = new AsyncDisposableStack();
      const keep = (keeper: Keeper) => starting.use(keeper);
      const started = await start(settings, { folder, listen, clock: world.clock, keep, tell });
      keepers.use(starting.move());
      return started;
    });
    tell(`Try it: minitorrent peer --tracker ${trackers}`);
    tell(`What they are: minitorrent tracker status ${trackers} --cluster ${clusterId}`);
    tell('Kill a tracker (kill -9 and its process number) and watch; Ctrl-C ends them all');
    await abortable(new Promise<never>(() => undefined), ending.signal).catch(() => undefined);
    return ending.exitCode === EXIT.interrupted ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    const failure = describeFailure(error, 'cluster up');
    reporter.failure(failure, { command: 'cluster up', line: null });
    return ending.exitCode ?? exitCodeOf(failure);
  }
}

interface Hands {
  readonly folder: string;
  readonly listen: Address;
  readonly clock: Clock;
  readonly keep: (keeper: Keeper) => Keeper;
  readonly tell: (message: string) => void;
}

async function start(
  settings: ClusterUpSettings,
  { folder, listen, clock, keep, tell }: Hands,
): Promise<{ readonly trackers: string; readonly clusterId: string }> {
  const [first = '', second = '', witness = ''] = [0, SECOND, WITNESS].map((offset) =>
    formatAddress({ ...listen, port: listen.port + offset }),
  );
  const clusterId = await prepare(folder, settings);
  const firstId = await makeDeviceId(join(folder, 'tracker-1', 'tracker'));
  const secondId = await makeDeviceId(join(folder, 'tracker-2', 'tracker'));
  const witnessId = await makeDeviceId(join(folder, 'witness', 'witness'));
  const run = (name: string, args: readonly string[]): Keeper =>
    keep(
      keepRunning({
        name,
        clock,
        args: [...settings.program, ...args, '--data', join(folder, name), '--json', '--exit-with-stdin'],
        tell,
        describe: (line) =>
          line.type === 'event' && line.event === 'role-changed'
            ? `${name} ${roleMeaning(line.role)}, in epoch ${line.epoch} (${line.reason})`
            : line.type === 'event' && line.event === 'fault'
              ? `${name}: look at this: ${line.message}`
              : undefined,
      }),
    );
  await run('witness', ['witness', '--listen', witness, '--admit', `${firstId},${secondId}`]).ready;
  const common = ['--witness', `${witness}#${witnessId}`, '--cluster', clusterId];
  const [firstPlace, secondPlace] = [`${first}#${firstId}`, `${second}#${secondId}`];
  await Promise.all([
    run('tracker-1', ['tracker', '--listen', first, '--join', secondPlace, ...common]).ready,
    run('tracker-2', ['tracker', '--listen', second, '--join', firstPlace, ...common]).ready,
  ]);
  return { trackers: `${firstPlace},${secondPlace}`, clusterId };
}

/** Makes what the first start needs; answers the id of the cluster. */
async function prepare(folder: string, { initFolder }: ClusterUpSettings): Promise<string> {
  const file = join(folder, 'cluster-id');
  const known = await readFile(file, 'utf8').catch(ignoreMissing);
  const clusterId = known?.trim() ?? randomBytes(16).toString('hex');
  if (known === undefined) await writeFile(file, `${clusterId}\n`, { mode: 0o600 });
  await makePrivateFolder(join(folder, 'witness'));
  await initFolder(join(folder, 'witness', 'witness'), parseClusterId(clusterId)).catch(ignoreExisting);
  return clusterId;
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}

function ignoreExisting(error: unknown): void {
  if (error instanceof Error && 'code' in error && error.code === 'register_exists') return;
  throw error;
}
