/**
 * Shows a tracker to those who watch it: `/metrics`, `/healthz`, `/readyz`. It is there before the tracker is, because
 * reading a long journal takes a while and is no reason to kill the process.
 */
import type { Address, Clock, Interceptor } from '@minitorrent/rpc-core';
import type { TrackerStats, TrackerStatus } from '@minitorrent/tracker';
import { Gauge, Registry } from '@prometheus-io/client';
import type { TrackerReport } from '../logging/tracker-log.ts';
import { type HttpEndpoint, openHttpEndpoint, type Page, PLAIN } from './http-endpoint.ts';
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

export interface TrackerMonitorOptions {
  readonly address: Address;
  readonly version: string;
  readonly clock: Clock;
  /** Adds what the process costs; left out in tests. */
  readonly addProcessMetrics?: (registry: Registry) => void;
  readonly onError: (error: unknown) => void;
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
  const { clock, version } = options;
  const registry = new Registry();
  const metrics = createTrackerMetrics({ registry, clock });
  addVersion(registry, version);
  options.addProcessMetrics?.(registry);
  let askTracker: (() => Promise<Judged>) | undefined;
  const look = async (): Promise<Judged> => (await askTracker?.()) ?? { health: STARTING };

  const endpoint: HttpEndpoint = await openHttpEndpoint({
    address: options.address,
    onError: options.onError,
    pages: new Map<string, () => Promise<Page>>([
      ['/healthz', async () => ({ status: 200, type: PLAIN, body: 'ok\n' })],
      ['/readyz', async () => readinessPage((await look()).health)],
      [
        '/metrics',
        async () => {
          const { health, view } = await look();
          metrics.update(health, view);
          return { status: 200, type: registry.contentType, body: await registry.metrics() };
        },
      ],
    ]),
  });
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

function readinessPage({ isReady, role, reason }: Health): Page {
  const body = `${JSON.stringify({ ready: isReady, role, reason })}\n`;
  return { status: isReady ? 200 : 503, type: 'application/json; charset=utf-8', body };
}

function addVersion(registry: Registry, version: string): void {
  const info = new Gauge({
    name: 'minitorrent_build_info',
    help: 'The version of minitorrent that runs; always 1.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
}
