/**
 * `minitorrent tracker`: runs a tracker until a signal comes.
 */
import type { Address, Clock, Interceptor } from '@minitorrent/rpc-core';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress } from '../address.ts';
import type { ExitCode } from '../failure.ts';
import { openInFolder } from '../folders.ts';
import { type TrackerReport, trackerRecord } from '../logging/tracker-log.ts';
import type { TrackerMonitor, WatchedTracker } from '../monitoring/tracker-monitor.ts';
import type { Reporter } from '../output/reports.ts';
import { keepTrackerPlaces } from '../places/tracker-places.ts';
import type { World } from '../world.ts';
import { type MonitorPlace, openMonitorFor, runService, type Service } from './run-service.ts';
import {
  readTrackerRequest,
  type TrackerCommandOptions,
  type TrackerRequest,
  type TrackerStore,
} from './tracker-settings.ts';

/** A tracker that runs. */
export interface RunningTracker extends WatchedTracker, AsyncDisposable {
  readonly address: Address;
  readonly deviceId: Uint8Array;
}

/** What a tracker is told when it is made. */
export interface TrackerSettings extends TrackerRequest {
  readonly clock: Clock;
  readonly interceptors: readonly Interceptor[];
  readonly onLog: (report: TrackerReport) => void;
}

/** What makes the parts; tests make others. */
export interface TrackerTools {
  openTracker(settings: TrackerSettings): Promise<RunningTracker>;
  /** The id of the cluster that a data folder belongs to. */
  readClusterId(folder: string): Promise<string | undefined>;
  openMonitor(settings: MonitorPlace & { readonly clock: Clock }): Promise<TrackerMonitor>;
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
  service: Service,
): Promise<AsyncDisposable> {
  const { reporter, log } = service;
  const request = await readTrackerRequest(options, variables, tools.readClusterId);
  const { store } = request;
  await using opened = new AsyncDisposableStack();
  const monitor = await openMonitorFor(options, service, opened, (place) =>
    tools.openMonitor({ ...place, clock }),
  );
  announceStore(store, reporter);
  const tracker = await openInFolder(store.folder, () =>
    tools.openTracker({
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
  opened.use(tracker);
  const listen = { host: request.listen.host, port: tracker.address.port };
  await keepTrackerPlaces(store.folder, { listen, others: request.cluster?.peers ?? [] });
  monitor?.show(tracker);
  reporter.event({
    event: 'listening',
    role: 'tracker',
    address: formatAddress(tracker.address),
    deviceId: formatDeviceId(tracker.deviceId),
    dataFolder: store.folder,
    journal: store.kind === 'postgres' ? store.shown : null,
    downloadFolder: null,
  });
  return opened.move();
}

function announceStore(store: TrackerStore, reporter: Reporter): void {
  // It may take a while until it is clear that nobody answers there.
  if (store.kind === 'postgres')
    reporter.event({ event: 'notice', message: `Opening the journal at ${store.shown}` });
}

function reportStanding(report: TrackerReport, reporter: Reporter): void {
  if (report.kind === 'fault') reporter.event({ event: 'fault', message: report.reason });
  if (report.kind !== 'role_changed') return;
  const { role, epoch, reason } = report;
  reporter.event({ event: 'role-changed', role, epoch, reason });
}
