/**
 * The real world for the commands: this process, the system's clock, TCP, and the packages that do the work, loaded
 * only by those who ask.
 */
import process from 'node:process';
import { createSystemClock } from '@minitorrent/rpc-core';
import type { OpenPeer } from './commands/open-peer.ts';
import type { TrackerTools } from './commands/tracker.ts';
import { readVersion } from './version.ts';
import type { World } from './world.ts';

export function systemWorld(): World {
  const { stdin, stdout, stderr, env } = process;
  return { stdin, stdout, stderr, variables: env, process, clock: createSystemClock() };
}

export const openPeer: OpenPeer = async ({ trackers, listen, dataFolder, downloadFolder, clock }) => {
  const { createPeer } = await import('@minitorrent/peer');
  return createPeer({ trackers, listen, dataDir: dataFolder, downloadDir: downloadFolder, clock });
};

export const trackerTools: TrackerTools = {
  async openTracker({ listen, dataFolder, ...settings }) {
    const [{ createTracker }, { createTcpNetwork }] = await Promise.all([
      import('@minitorrent/tracker'),
      import('@minitorrent/rpc-core/tcp'),
    ]);
    return createTracker({ network: createTcpNetwork(), address: listen, dataDir: dataFolder, ...settings });
  },
  async openMonitor(settings) {
    const [{ openTrackerMonitor }, { addProcessMetrics }] = await Promise.all([
      import('./monitoring/tracker-monitor.ts'),
      import('./monitoring/process-metrics.ts'),
    ]);
    return openTrackerMonitor({ ...settings, version: readVersion(), addProcessMetrics });
  },
};
