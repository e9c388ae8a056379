/** `minitorrent witness`: runs the register of a pair of trackers, for them alone. */
import type { Address, Clock } from '@minitorrent/rpc-core';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import type { Witness } from '@minitorrent/tracker/witness';
import { formatAddress, parseAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import { DEFAULT_WITNESS_PORT, dataFolder } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import { type WitnessReport, witnessRecord } from '../logging/witness-log.ts';
import type { WitnessMonitor } from '../monitoring/witness-monitor.ts';
import { parseDeviceIds } from '../places/place.ts';
import type { World } from '../world.ts';
import { type MonitorPlace, openMonitorFor, runService, type ServiceOptions } from './run-service.ts';

/** The options as the user wrote them. */
export interface WitnessCommandOptions extends ServiceOptions {
  readonly listen: string;
  readonly data?: string;
  readonly admit?: string;
}

/** A witness that runs. */
export type RunningWitness = AsyncDisposable &
  Pick<Witness, 'address' | 'config'> & { readonly deviceId: Uint8Array };

/** What makes the parts; tests make others. */
export interface WitnessTools {
  openWitness(settings: {
    readonly listen: Address;
    readonly dataFolder: string;
    readonly admit: readonly Uint8Array[];
    readonly clock: Clock;
    readonly onLog: (report: WitnessReport) => void;
  }): Promise<RunningWitness>;
  openMonitor(place: MonitorPlace): Promise<WitnessMonitor>;
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
    const admit = readAdmitted(options);
    const folder = await dataFolder('witness', { data: options.data, variables: world.variables });
    await using opened = new AsyncDisposableStack();
    const monitor = await openMonitorFor(options, service, opened, tools.openMonitor);
    const witness = opened.use(
      await tools.openWitness({
        listen,
        dataFolder: folder,
        admit,
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
      deviceId: formatDeviceId(witness.deviceId),
      dataFolder: folder,
      journal: null,
      downloadFolder: null,
    });
    return opened.move();
  });
}

/** Who may ask it. Nobody else gets a word out of it, whatever they know. */
function readAdmitted({ admit }: WitnessCommandOptions): Uint8Array[] {
  if (admit !== undefined) return parseDeviceIds(admit);
  const message =
    'Cannot run a witness without its trackers: name them with --admit <id>,<id>; minitorrent tracker identity tells each';
  throw new CliError('bad_arguments', message);
}
