/**
 * Shows a tracker to those who watch it. It is there before the tracker is, because reading a long journal takes a while
 * and is no reason to kill the process.
 */
import type { Address, Clock, Interceptor } from '@minitorrent/rpc-core';
import type { TrackerStats, TrackerStatus } from '@minitorrent/tracker';
import { Registry } from '@prometheus-io/client';
import type { TrackerReport } from '../logging/tracker-log.ts';
import { type MonitorOptions, openMonitorPages } from './monitor-pages.ts';
import {
  type Health,
  judgeFailure,
  judgeTracker,
  SILENT,
  STARTING,
  type TrackerView,
} from './tracker-health.ts';
import { createTrackerMetrics } from './tracker-metrics.ts';

/** A tracker that does not say how it stands within this time is not well; a scrape waits for ten seconds or so. */
const ANSWER_MS = 2_000;

export interface TrackerMonitorOptions extends MonitorOptions {
  readonly clock: Clock;
}

export interface TrackerMonitor extends AsyncDisposable {
  readonly address: Address;
  readonly interceptor: Interceptor;
  note(report: TrackerReport): void;
  /** From now on it is this tracker that is shown. */
  show(tracker: WatchedTracker): void;
}

/** What of a tracker is shown. */
export interface WatchedTracker {
  stats(): Promise<TrackerStats>;
  status(): TrackerStatus;
}

/** Starts to listen. Fails with `metrics_failed`. */
export async function openTrackerMonitor(options: TrackerMonitorOptions): Promise<TrackerMonitor> {
  const { clock } = options;
  const registry = new Registry();
  const metrics = createTrackerMetrics({ registry, clock });
  let askTracker: (() => Promise<Judged>) | undefined;
  const look = async (): Promise<Health> => {
    const { health, view }: Judged = (await askTracker?.()) ?? { health: STARTING };
    metrics.update(health, view);
    return health;
  };
  const endpoint = await openMonitorPages(options, { registry, look });
  return {
    address: endpoint.address,
    interceptor: metrics.interceptor,
    note: metrics.note,
    show(tracker) {
      askTracker = createLook(tracker, clock);
    },
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
}

interface Judged {
  readonly health: Health;
  /** Left out where the tracker could not tell. */
  readonly view?: TrackerView;
}

/** Asks the tracker, with at most one question under way however many look, and never for longer than `ANSWER_MS`. */
function createLook(tracker: WatchedTracker, clock: Clock): () => Promise<Judged> {
  let underWay: Promise<Judged> | undefined;
  const ask = async (): Promise<Judged> => {
    try {
      const view = { stats: await tracker.stats(), status: tracker.status() };
      return { health: judgeTracker(view), view };
    } catch (error) {
      return { health: judgeFailure(error) };
    } finally {
      underWay = undefined;
    }
  };
  return async () => {
    const { promise: silence, resolve } = Promise.withResolvers<Judged>();
    const cancel = clock.schedule(ANSWER_MS, () => resolve({ health: SILENT }));
    underWay ??= ask();
    try {
      return await Promise.race([underWay, silence]);
    } finally {
      cancel();
    }
  };
}
