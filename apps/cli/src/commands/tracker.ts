/**
 * `minitorrent tracker`: runs a tracker until a signal comes.
 */
import type { Address, Clock, Interceptor } from '@minitorrent/rpc-core';
import type { TrackerStats } from '@minitorrent/tracker';
import { formatAddress, parseAddress } from '../address.ts';
import {
  type ClusterCommandOptions,
  type ClusterSettings,
  readClusterSettings,
} from '../cluster/cluster-settings.ts';
import { DEFAULT_METRICS_PORT, DEFAULT_TRACKER_PORT, dataFolder, makePrivateFolder } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import { logFields } from '../logging/log-fields.ts';
import { type TrackerReport, trackerRecord } from '../logging/tracker-log.ts';
import type { TrackerMonitor } from '../monitoring/tracker-monitor.ts';
import type { World } from '../world.ts';
import { runService, type Service, type ServiceOptions } from './run-service.ts';

/** The options as the user wrote them. */
export interface TrackerCommandOptions extends ServiceOptions, ClusterCommandOptions {
  readonly listen: string;
  readonly data?: string;
  readonly metrics?: string;
}

/** A tracker that runs. */
export interface RunningTracker extends AsyncDisposable {
  readonly address: Address;
  stats(): Promise<TrackerStats>;
}

/** What a tracker is told when it is made. */
export interface TrackerSettings {
  readonly listen: Address;
  readonly dataFolder: string;
  /** Undefined for a tracker that stands alone. */
  readonly cluster: ClusterSettings | undefined;
  readonly clock: Clock;
  readonly interceptors: readonly Interceptor[];
  readonly onLog: (report: TrackerReport) => void;
}

/** What makes the parts; tests make others. */
export interface TrackerTools {
  openTracker(settings: TrackerSettings): Promise<RunningTracker>;
  /** The id of the cluster that a data folder belongs to. */
  readClusterId(folder: string): Promise<string | undefined>;
  openMonitor(settings: {
    readonly address: Address;
    readonly clock: Clock;
    readonly onError: (error: unknown) => void;
  }): Promise<TrackerMonitor>;
}

/** Runs until a signal comes; answers the exit code. */
export function runTracker(
  options: TrackerCommandOptions,
  world: World,
  tools: TrackerTools,
): Promise<ExitCode> {
  return runService('tracker', options, world, (service) => startTracker(options, world, tools, service));
}

async function startTracker(
  options: TrackerCommandOptions,
  { variables, clock }: World,
  tools: TrackerTools,
  { reporter, log }: Service,
): Promise<AsyncDisposable> {
  const listen = parseAddress(options.listen, { defaultPort: DEFAULT_TRACKER_PORT });
  const metrics = readMetricsAddress(options);
  const folder = await dataFolder('tracker', { data: options.data, variables });
  const knownId = await tools.readClusterId(folder);
  const cluster = readClusterSettings(options, { variables, knownId });
  await using opened = new AsyncDisposableStack();
  let monitor: TrackerMonitor | undefined;
  if (metrics !== undefined) {
    const onError = (error: unknown) =>
      log({ level: 'error', event: 'metrics_failed', fields: logFields({ error }) });
    monitor = opened.use(await tools.openMonitor({ address: metrics, clock, onError }));
    reporter.event({ event: 'monitoring', address: formatAddress(monitor.address) });
  }
  await makePrivateFolder(folder);
  const tracker = opened.use(
    await tools.openTracker({
      listen,
      dataFolder: folder,
      cluster,
      clock,
      interceptors: monitor === undefined ? [] : [monitor.interceptor],
      onLog(report) {
        monitor?.note(report);
        log(trackerRecord(report));
        if (report.kind === 'role_changed') {
          const { role, epoch, reason } = report;
          reporter.event({ event: 'role-changed', role, epoch, reason });
        } else if (report.kind === 'fault') reporter.event({ event: 'fault', message: report.reason });
      },
    }),
  );
  monitor?.show(tracker);
  const address = formatAddress(tracker.address);
  reporter.event({ event: 'listening', role: 'tracker', address, dataFolder: folder, downloadFolder: null });
  return opened.move();
}

function readMetricsAddress({ metrics }: TrackerCommandOptions): Address | undefined {
  return metrics === undefined ? undefined : parseAddress(metrics, { defaultPort: DEFAULT_METRICS_PORT });
}
