/** `minitorrent witness`: runs the register of a pair of trackers; `witness init` makes it, once. */
import type { Address, Clock } from '@minitorrent/rpc-core';
import type { TrackerStatus } from '@minitorrent/tracker';
import type { Witness } from '@minitorrent/tracker/witness';
import { formatAddress, parseAddress, parseAddresses } from '../address.ts';
import { CliError } from '../cli-error.ts';
import { chosenClusterId, parseClusterId } from '../cluster/cluster-settings.ts';
import { type RegisterConfig, recallConfig } from '../cluster/lost-register.ts';
import {
  DEFAULT_TRACKER_PORT,
  DEFAULT_WITNESS_PORT,
  dataFolder,
  makePrivateFolder,
  type Variables,
} from '../config.ts';
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
  readonly from?: string;
  readonly restored?: string;
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
  /** Makes the register in a folder; answers the id of its cluster. It is new, unless `config` is given. */
  initFolder(folder: string, clusterId: Uint8Array | undefined, config?: RegisterConfig): Promise<Uint8Array>;
  /** What the journal in a tracker's data folder is. */
  readStore(folder: string): Promise<{ readonly storeId: string; readonly epoch: number }>;
  /** What the tracker at `address` says of itself. */
  askStatus(address: Address, clusterId: Uint8Array, clock: Clock): Promise<TrackerStatus>;
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
    const { id, place, epoch } = await init(options, clusterId, world, tools);
    reporter.result({ command: 'witness_init', clusterId: Buffer.from(id).toString('hex'), place, epoch });
    return undefined;
  });
}

async function init(
  options: WitnessInitOptions,
  clusterId: Uint8Array | undefined,
  { variables, clock }: World,
  tools: WitnessTools,
): Promise<{ readonly id: Uint8Array; readonly place: string; readonly epoch: number }> {
  const { data, postgres, from, restored } = options;
  if ([postgres, from, restored].filter((one) => one !== undefined).length > 1) {
    throw new CliError('bad_arguments', 'Cannot use more than one of --postgres, --from and --restored');
  }
  if (postgres !== undefined) {
    return { id: await tools.initPostgres(postgres, clusterId), place: 'PostgreSQL', epoch: 0 };
  }
  const config =
    from !== undefined
      ? await recall(from, clusterId, clock, tools)
      : restored !== undefined
        ? await leadBy(restored, variables, tools)
        : undefined;
  const folder = await dataFolder('witness', { data, variables });
  await makePrivateFolder(folder);
  const id = await tools.initFolder(folder, clusterId, config);
  return { id, place: folder, epoch: config?.epoch ?? 0 };
}

/** The register in which the tracker of that folder leads, with everything that its journal has. */
async function leadBy(
  data: string,
  variables: Variables,
  { readStore }: WitnessTools,
): Promise<RegisterConfig> {
  const { storeId, epoch } = await readStore(await dataFolder('tracker', { data, variables }));
  if (epoch === 0) {
    const message = `Cannot let ${data} lead: its journal is empty; leave --restored out for a new cluster`;
    throw new CliError('not_found', message);
  }
  return { epoch: epoch + 1, primary: storeId, inSync: [storeId] };
}

async function recall(
  from: string,
  clusterId: Uint8Array | undefined,
  clock: Clock,
  { askStatus }: WitnessTools,
): Promise<RegisterConfig> {
  if (clusterId === undefined) {
    const message = 'Cannot make a register in place of a lost one without the id of its cluster: --cluster';
    throw new CliError('no_cluster_id', message);
  }
  const addresses = parseAddresses(from, { defaultPort: DEFAULT_TRACKER_PORT });
  return recallConfig(addresses, (address) => askStatus(address, clusterId, clock));
}
