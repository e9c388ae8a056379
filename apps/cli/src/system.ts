/**
 * The real world for the commands: this process, the system's clock, TLS, and the packages that do the work, loaded
 * only by those who ask.
 */
import process from 'node:process';
import type { Clock, Network } from '@minitorrent/rpc-core';
import { createSystemClock, createSystemRandom } from '@minitorrent/rpc-core';
import type { Register } from '@minitorrent/tracker';
import type { ClusterSettings } from './cluster/cluster-settings.ts';
import type { PeerTools } from './commands/open-peer.ts';
import type { RunningTracker, TrackerTools } from './commands/tracker.ts';
import type { BackupTools } from './commands/tracker-backup.ts';
import type { OperatorTools } from './commands/tracker-status.ts';
import type { WitnessTools } from './commands/witness.ts';
import type { WitnessInitTools } from './commands/witness-init.ts';
import { parsePostgresUrl } from './journal-place.ts';
import { whoAnswers } from './places/who-answers.ts';
import { readVersion } from './version.ts';
import type { World } from './world.ts';

export function systemWorld(): World {
  const { stdin, stdout, stderr, env } = process;
  return { stdin, stdout, stderr, variables: env, process, clock: createSystemClock() };
}

export const peerTools: PeerTools = {
  async openPeer({ dataFolder, downloadFolder, membershipGraceMs, deviceName, ...settings }) {
    const { createPeer } = await import('@minitorrent/peer');
    return createPeer({
      ...settings,
      dataDir: dataFolder,
      downloadDir: downloadFolder,
      ...(membershipGraceMs === undefined ? {} : { membershipGraceMs }),
      ...(deviceName === undefined ? {} : { deviceName }),
    });
  },
  whoAnswers,
};

export const trackerTools: TrackerTools = {
  async openTracker({ listen, store, cluster, connections, clock, ...settings }) {
    const [{ createTracker }, { createTlsNetwork, loadOrCreateIdentity }] = await Promise.all([
      import('@minitorrent/tracker'),
      import('@minitorrent/rpc-core/tls'),
    ]);
    const identity = await loadOrCreateIdentity({ folder: store.folder });
    const network = createTlsNetwork({ identity, clock });
    const parts = { identity, network, address: listen, clock, rpcLimits: { connections }, ...settings };
    if (store.kind === 'postgres') {
      const { openSharedJournal } = await import('./shared-journal.ts');
      return createTracker({ ...parts, journal: await openSharedJournal(store, clock) });
    }
    const common = { ...parts, dataDir: store.folder };
    if (cluster === undefined) return createTracker(common);
    const { clusterId, peers } = cluster;
    await using opened = new AsyncDisposableStack();
    const register = await openRegister(cluster, { network, clock });
    if (register !== undefined) opened.use(register);
    const tracker = await createTracker({
      ...common,
      cluster: { clusterId, peers, ...(register === undefined ? {} : { register }) },
    });
    opened.use(tracker);
    return withResources(tracker, opened.move());
  },
  async readClusterId(folder) {
    const { readClusterId } = await import('@minitorrent/tracker');
    return readClusterId(folder);
  },
  async openMonitor(settings) {
    const [{ openTrackerMonitor }, { addProcessMetrics }] = await Promise.all([
      import('./monitoring/tracker-monitor.ts'),
      import('./monitoring/process-metrics.ts'),
    ]);
    return openTrackerMonitor({ ...settings, version: readVersion(), addProcessMetrics });
  },
};

export const operatorTools: OperatorTools = { readClusterId: trackerTools.readClusterId, whoAnswers };

export const backupTools: BackupTools = {
  async backUp(dataDir, to) {
    const { backUpJournal } = await import('@minitorrent/tracker/backup');
    return backUpJournal({ dataDir, to });
  },
  async restore(from, dataDir) {
    const { restoreJournal } = await import('@minitorrent/tracker/backup');
    return restoreJournal({ from, dataDir });
  },
};

export const witnessTools: WitnessTools & WitnessInitTools = {
  whoAnswers,
  async openWitness({ listen, dataFolder, ...settings }) {
    const [{ createWitness }, { loadOrCreateIdentity }] = await Promise.all([
      import('@minitorrent/tracker/witness'),
      import('@minitorrent/rpc-core/tls'),
    ]);
    await using opened = new AsyncDisposableStack();
    const witness = opened.use(await createWitness({ address: listen, dataDir: dataFolder, ...settings }));
    // After it was opened, so that a folder without a register stays as it is.
    const { deviceId } = await loadOrCreateIdentity({ folder: dataFolder });
    const resources = opened.move();
    return {
      address: witness.address,
      deviceId,
      get config() {
        return witness.config;
      },
      [Symbol.asyncDispose]: () => resources.disposeAsync(),
    };
  },
  async openMonitor(place) {
    const [{ openWitnessMonitor }, { addProcessMetrics }] = await Promise.all([
      import('./monitoring/witness-monitor.ts'),
      import('./monitoring/process-metrics.ts'),
    ]);
    return openWitnessMonitor({ ...place, version: readVersion(), addProcessMetrics });
  },
  async initFolder(dataDir, clusterId, config) {
    const { initWitness } = await import('@minitorrent/tracker/witness');
    return initWitness({
      dataDir,
      ...(clusterId === undefined ? {} : { clusterId }),
      ...(config === undefined ? {} : { config }),
    });
  },
  async readStore(dataDir) {
    const { readStore } = await import('@minitorrent/tracker/backup');
    return readStore({ dataDir });
  },
  async askStatus(place, clusterId, clock) {
    const { askTracker } = await import('./cluster/ask-tracker.ts');
    return askTracker(place, clock, (tracker, call) => tracker.tracker_status({ clusterId }, call));
  },
  async initPostgres(url, clusterId = createSystemRandom().bytes(16)) {
    const [{ initPostgresRegister }, { explainPostgresFailure }] = await Promise.all([
      import('@minitorrent/tracker/postgres'),
      import('./postgres-failure.ts'),
    ]);
    const { shown } = parsePostgresUrl(url);
    try {
      await initPostgresRegister({ url });
    } catch (error) {
      throw explainPostgresFailure(error, shown);
    }
    return clusterId;
  },
};

async function openRegister(
  { witness, clusterId }: ClusterSettings,
  { network, clock }: { readonly network: Network; readonly clock: Clock },
): Promise<(Register & AsyncDisposable) | undefined> {
  if (witness === undefined) return undefined;
  if (witness.kind === 'postgres') {
    const { openPostgresRegister } = await import('@minitorrent/tracker/postgres');
    return openPostgresRegister({ url: witness.url });
  }
  const { openWitnessRegister } = await import('@minitorrent/tracker/witness');
  return openWitnessRegister({ network, address: witness.address, clusterId, clock });
}

/** `tracker`, with what is closed after it. */
function withResources(tracker: RunningTracker, resources: AsyncDisposableStack): RunningTracker {
  return {
    address: tracker.address,
    deviceId: tracker.deviceId,
    stats: () => tracker.stats(),
    status: () => tracker.status(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
