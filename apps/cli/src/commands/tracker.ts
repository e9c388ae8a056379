/**
 * `minitorrent tracker`: runs a tracker until a signal comes.
 */
import type { Address, Clock, Interceptor } from '@minitorrent/rpc-core';
import { formatAddress } from '../address.ts';
import { makePrivateFolder } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import { logFields } from '../logging/log-fields.ts';
import { type TrackerReport, trackerRecord } from '../logging/tracker-log.ts';
import type { TrackerMonitor, WatchedTracker } from '../monitoring/tracker-monitor.ts';
import type { Reporter } from '../output/reports.ts';
import type { World } from '../world.ts';
import { runService, type Service } from './run-service.ts';
import {
  readTrackerRequest,
  type TrackerCommandOptions,
  type TrackerRequest,
  type TrackerStore,
} from './tracker-settings.ts';

/** A tracker that runs. */
export interface RunningTracker extends WatchedTracker, AsyncDisposable {
  readonly address: Address;
}

/** What a tracker is told when it is made. */
export interface TrackerSettings extends Omit<TrackerRequest, 'metrics'> {
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
  const { metrics, ...request } = await readTrackerRequest(options, variables, tools.readClusterId);
  const { store } = request;
  await using opened = new AsyncDisposableStack();
  let monitor: TrackerMonitor | undefined;
  if (metrics !== undefined) {
    const onError = (error: unknown) =>
      log({ level: 'error', event: 'metrics_failed', fields: logFields({ error }) });
    monitor = opened.use(await tools.openMonitor({ address: metrics, clock, onError }));
    reporter.event({ event: 'monitoring', address: formatAddress(monitor.address) });
  }
  await prepareStore(store, reporter);
  const tracker = opened.use(
    await tools.openTracker({
      ...request,
      clock,
      interceptors: monitor === undefined ? [] : [monitor.interceptor],
      onLog(report) {
        monitor?.note(report);
        log(trackerRecord(report));
        // People find it in the log, with its time.
        if (options.json === true) reportStanding(report, reporter);
      },
    }),
  );
  monitor?.show(tracker);
  reporter.event({
    event: 'listening',
    role: 'tracker',
    address: formatAddress(tracker.address),
    dataFolder: store.kind === 'folder' ? store.folder : null,
    journal: store.kind === 'postgres' ? store.shown : null,
    downloadFolder: null,
  });
  return opened.move();
}

async function prepareStore(store: TrackerStore, reporter: Reporter): Promise<void> {
  if (store.kind === 'folder') return await makePrivateFolder(store.folder);
  // It may take a while until it is clear that nobody answers there.
  reporter.event({ event: 'notice', message: `Opening the journal at ${store.shown}` });
}

function reportStanding(report: TrackerReport, reporter: Reporter): void {
  if (report.kind === 'fault') reporter.event({ event: 'fault', message: report.reason });
  if (report.kind !== 'role_changed') return;
  const { role, epoch, reason } = report;
  reporter.event({ event: 'role-changed', role, epoch, reason });
}
