/** `minitorrent witness`: runs the register of a pair of trackers; `witness init` makes it, once. */
import type { Address, Clock } from '@minitorrent/rpc-core';
import type { Witness } from '@minitorrent/tracker/witness';
import { formatAddress, parseAddress } from '../address.ts';
import { chosenClusterId, parseClusterId } from '../cluster/cluster-settings.ts';
import { DEFAULT_WITNESS_PORT, dataFolder, makePrivateFolder } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import { type WitnessReport, witnessRecord } from '../logging/witness-log.ts';
import type { WitnessMonitor } from '../monitoring/witness-monitor.ts';
import type { World } from '../world.ts';
import { operate } from './operate.ts';
import { type MonitorPlace, openMonitorFor, runService, type ServiceOptions } from './run-service.ts';

/** The options as the user wrote them. */
export interface WitnessCommandOptions extends ServiceOptions {
  readonly listen: string;
  readonly data?: string;
}

/** The options as the user wrote them. */
export interface WitnessInitOptions {
  readonly data?: string;
  readonly postgres?: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

/** A witness that runs. */
export type RunningWitness = AsyncDisposable & Pick<Witness, 'address' | 'config'>;

/** What makes the parts; tests make others. */
export interface WitnessTools {
  openWitness(settings: {
    readonly listen: Address;
    readonly dataFolder: string;
    readonly clock: Clock;
    readonly onLog: (report: WitnessReport) => void;
  }): Promise<RunningWitness>;
  openMonitor(place: MonitorPlace): Promise<WitnessMonitor>;
  /** Makes the register in a folder; answers the id of its cluster. */
  initFolder(folder: string, clusterId: Uint8Array | undefined): Promise<Uint8Array>;
  /** Makes the register in a database; answers the id of its cluster. */
  initPostgres(url: string, clusterId: Uint8Array | undefined): Promise<Uint8Array>;
}

/** Runs until a signal comes; answers the exit code. */
export function runWitness(
  options: WitnessCommandOptions,
  world: World,
  tools: WitnessTools,
): Promise<ExitCode> {
  return runService('witness', options, world, async (service) => {
    const { reporter, log } = service;
    const listen = parseAddress(options.listen, { defaultPort: DEFAULT_WITNESS_PORT });
    const folder = await dataFolder('witness', { data: options.data, variables: world.variables });
    await using opened = new AsyncDisposableStack();
    const monitor = await openMonitorFor(options, service, opened, tools.openMonitor);
    const witness = opened.use(
      await tools.openWitness({
        listen,
        dataFolder: folder,
        clock: world.clock,
        onLog(report) {
          monitor?.note(report);
          log(witnessRecord(report));
        },
      }),
    );
    monitor?.show(witness);
    const address = formatAddress(witness.address);
    reporter.event({
      event: 'listening',
      role: 'witness',
      address,
      dataFolder: folder,
      journal: null,
      downloadFolder: null,
    });
    return opened.move();
  });
}

/** Makes the register; answers the exit code. */
export function runWitnessInit(
  options: WitnessInitOptions,
  world: World,
  tools: WitnessTools,
): Promise<ExitCode> {
  const { variables } = world;
  return operate('witness init', options, world, async (reporter) => {
    const chosen = chosenClusterId(options, variables);
    const clusterId = chosen === undefined ? undefined : parseClusterId(chosen);
    const { id, place } = await init(options, { variables, clusterId, tools });
    reporter.result({ command: 'witness_init', clusterId: Buffer.from(id).toString('hex'), place });
    return undefined;
  });
}

async function init(
  { data, postgres }: WitnessInitOptions,
  {
    variables,
    clusterId,
    tools,
  }: { variables: World['variables']; clusterId: Uint8Array | undefined; tools: WitnessTools },
): Promise<{ readonly id: Uint8Array; readonly place: string }> {
  if (postgres !== undefined) {
    return { id: await tools.initPostgres(postgres, clusterId), place: 'PostgreSQL' };
  }
  const folder = await dataFolder('witness', { data, variables });
  await makePrivateFolder(folder);
  return { id: await tools.initFolder(folder, clusterId), place: folder };
}
