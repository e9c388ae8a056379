/**
 * The metrics of a tracker, in Prometheus' names and units. README.md and docs/operating.md rest on the names: they are
 * never renamed.
 *
 * What happens is counted when it happens; how things stand is asked when somebody looks, so that nothing is kept up for
 * nobody. What could not be asked is NaN, never the figure of a while ago.
 */
import type { Clock, Interceptor } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import type { TrackerStats } from '@minitorrent/tracker';
import { trackerContract } from '@minitorrent/tracker/contract';
import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import type { TrackerReport } from '../logging/tracker-log.ts';
import { createConnectionCounter } from './connection-metrics.ts';
import type { Health, TrackerView } from './tracker-health.ts';
import { createRoleGauges } from './tracker-role-metrics.ts';

export interface TrackerMetrics {
  /** Counts and times every call; goes around all other interceptors. */
  readonly interceptor: Interceptor;
  /** Counts what the tracker reports. */
  note(report: TrackerReport): void;
  /** How things stand; `view` is undefined where the tracker could not tell. */
  update(health: Health, view: TrackerView | undefined): void;
}

/** From a lookup in memory, over a commit on a good disk, to the time after which users give up. */
const CALL_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Reports after which somebody has to act. */
const FAULTS = ['handler_failed', 'background_failed', 'stopped_writing', 'fault'];

/** Adds the metrics of a tracker to `registry`. */
export function createTrackerMetrics(options: {
  readonly registry: Registry;
  readonly clock: Pick<Clock, 'now'>;
}): TrackerMetrics {
  const registers = [options.registry];
  const updateFigures = createFigureGauges(registers);
  const updateRole = createRoleGauges(registers);
  return {
    interceptor: createCallMeter(registers, options.clock),
    note: createReportCounter(registers),
    update(health, view) {
      updateFigures(view?.stats);
      updateRole(health, view?.status);
    },
  };
}

/** As the library wants it: an array that could be changed. */
type Registers = Registry[];

function createCallMeter(registers: Registers, clock: Pick<Clock, 'now'>): Interceptor {
  const calls = new Counter({
    name: 'minitorrent_tracker_calls_total',
    help: 'Calls that were answered, by method and outcome: ok, or the code of the error.',
    labelNames: ['method', 'outcome'],
    registers,
  });
  const seconds = new Histogram({
    name: 'minitorrent_tracker_call_duration_seconds',
    help: 'Time from a request to its answer, by method.',
    labelNames: ['method'],
    buckets: CALL_SECONDS,
    registers,
  });
  for (const method of Object.keys(trackerContract.methods)) {
    calls.inc({ method, outcome: 'ok' }, 0);
    seconds.zero({ method });
  }
  return async ({ method }, next) => {
    const startedAt = clock.now();
    let outcome = 'ok';
    try {
      await next();
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      calls.inc({ method, outcome });
      seconds.observe({ method }, (clock.now() - startedAt) / 1_000);
    }
  };
}

/** What the caller is told. Codes of others that passed through would make labels without end. */
function outcomeOf(error: unknown): string {
  return error instanceof RpcError && !error.remote ? error.code : 'internal';
}

function createReportCounter(registers: Registers): (report: TrackerReport) => void {
  const counter = <Label extends string>(name: string, help: string, label: Label) =>
    new Counter({ name: `minitorrent_tracker_${name}`, help, labelNames: [label], registers });
  const logins = counter('logins_total', 'Logins that were tried with a password, by outcome.', 'outcome');
  const noteConnection = createConnectionCounter(registers, 'minitorrent_tracker');
  const roles = counter('role_changes_total', 'Changes of the role, by the new one.', 'role');
  const callbacks = counter('callbacks_failed_total', 'Callbacks that a peer did not answer.', 'method');
  const faults = counter('faults_total', 'What should not happen and needs a look into the log.', 'kind');
  for (const outcome of ['succeeded', 'failed']) logins.inc({ outcome }, 0);
  for (const kind of FAULTS) faults.inc({ kind }, 0);

  return (report) => {
    switch (report.kind) {
      case 'logged_in':
        return logins.inc({ outcome: 'succeeded' });
      case 'login_failed':
        return logins.inc({ outcome: 'failed' });
      case 'connection_refused':
      case 'connection_failed':
        return noteConnection(report);
      case 'callback_failed':
        return callbacks.inc({ method: report.method });
      case 'role_changed':
        return roles.inc({ role: report.role });
      case 'handler_failed':
      case 'background_failed':
      case 'stopped_writing':
      case 'fault':
        return faults.inc({ kind: report.kind });
    }
  };
}

function createFigureGauges(registers: Registers): (stats: TrackerStats | undefined) => void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `minitorrent_tracker_${name}`, help, registers });
  const figures: readonly (readonly [Gauge, (stats: TrackerStats) => number])[] = [
    [gauge('users', 'Users that are registered.'), (stats) => stats.users],
    [gauge('groups', 'Groups that there are.'), (stats) => stats.groups],
    [gauge('sessions', 'Connections that are logged in.'), (stats) => stats.sessions],
    [gauge('devices', 'Devices that announce files.'), (stats) => stats.presence.devices],
    [gauge('swarms', 'Files that at least one device has.'), (stats) => stats.presence.swarms],
    [gauge('shares', 'Pairs of a device and a file that it has.'), (stats) => stats.presence.shares],
    [gauge('durable_index', 'Index of the last acknowledged journal entry.'), (stats) => stats.durableIndex],
    [gauge('pending_writes', 'Writes that wait for the journal.'), (stats) => stats.pendingWrites],
  ];
  return (stats) => {
    for (const [figure, read] of figures) figure.set(stats === undefined ? Number.NaN : read(stats));
  };
}
