/**
 * What a tracker is among the trackers of its cluster, and how far behind the others are, as metrics.
 */
import type { TrackerStatus } from '@minitorrent/tracker';
import { Gauge, type Registry } from '@prometheus-io/client';
import type { Health, TrackerRole } from './tracker-health.ts';

/** Each has its line from the first scrape on. */
const ROLES: { readonly [Role in TrackerRole]: true } = {
  starting: true,
  silent: true,
  alone: true,
  shared: true,
  unknown: true,
  joining: true,
  backup: true,
  candidate: true,
  primary: true,
  safe: true,
  failed: true,
};

const WITNESS_STATES: readonly TrackerStatus['register'][] = ['none', 'answers', 'silent'];

/** Adds the gauges; the answer sets them, with NaN or no line for what the tracker could not tell. */
export function createRoleGauges(
  registers: Registry[],
): (health: Health, status: TrackerStatus | undefined) => void {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `minitorrent_tracker_${name}`, help, labelNames, registers });
  const ready = gauge('ready', '1 where the tracker can do what it is there for, as /readyz says.');
  const role = gauge('role', '1 for what the tracker is now, 0 for what it is not.', 'role');
  const seconds = gauge('role_seconds', 'For how long it has been that.');
  const epoch = gauge('cluster_epoch', 'How often the cluster has changed who leads or who is in sync.');
  const inSync = gauge('cluster_in_sync', 'Trackers that have every acknowledged entry, this one included.');
  const head = gauge('head_index', 'Index of the last journal entry here, acknowledged or not.');
  const witness = gauge('witness', '1 for how the witness is, 0 for how it is not.', 'state');
  const faults = gauge('remembered_faults', 'Faults that tracker status shows.');
  const isInSync = gauge('cluster_other_in_sync', '1 where another tracker is in sync.', 'tracker');
  const lag = gauge(
    'cluster_other_lag_entries',
    'Entries of this tracker, the primary, that another one lacks.',
    'tracker',
  );
  const heard = gauge(
    'cluster_other_silent_seconds',
    'Since another tracker last answered this one, the primary.',
    'tracker',
  );

  return (health, status) => {
    ready.set(health.isReady ? 1 : 0);
    for (const each of Object.keys(ROLES)) role.set({ role: each }, each === health.role ? 1 : 0);
    seconds.set(status === undefined ? Number.NaN : status.changedMsAgo / 1_000);
    epoch.set(status?.config.epoch ?? Number.NaN);
    inSync.set(status?.config.inSync.length ?? Number.NaN);
    head.set(status?.headIndex ?? Number.NaN);
    faults.set(status?.faults.length ?? Number.NaN);
    for (const state of WITNESS_STATES) witness.set({ state }, state === status?.register ? 1 : 0);
    for (const each of [isInSync, lag, heard]) each.reset();
    for (const other of status?.others ?? []) {
      const label = { tracker: other.name };
      isInSync.set(label, other.isInSync ? 1 : 0);
      // Nobody else asks the others all the time, so only a primary knows how they are.
      if (health.role !== 'primary') continue;
      if (other.lag !== undefined) lag.set(label, other.lag);
      heard.set(label, other.heardMsAgo === undefined ? Number.POSITIVE_INFINITY : other.heardMsAgo / 1_000);
    }
  };
}
