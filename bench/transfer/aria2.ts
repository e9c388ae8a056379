/** aria2, one process a peer, plaintext. A leecher waits for its torrent on standard input. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Driven, startDriven } from './driven.ts';
import type { Found, Job, Session } from './system.ts';
import { openTorrentSession, type TorrentPeer } from './torrent-session.ts';
import { versionOf } from './versions.ts';

/** Everything that finds peers besides the tracker is off, and a peer seeds until it is ended. */
const SETTINGS = [
  '--no-conf',
  '--enable-dht=false',
  '--enable-dht6=false',
  '--enable-peer-exchange=false',
  '--bt-enable-lpd=false',
  '--seed-ratio=0',
  '--summary-interval=0',
  '--console-log-level=error',
  '--file-allocation=none',
];

export async function findAria2(): Promise<Found> {
  const version = await versionOf('aria2c', '--version');
  return version === undefined
    ? { missing: 'aria2 (apt-get install aria2)' }
    : { system: { name: 'aria2', version, open } };
}

async function open(job: Job): Promise<Session> {
  const whenComplete = await writeHook(job.folder);
  const start = ({ name, place, folder }: TorrentPeer, ...args: readonly string[]): Driven => {
    const all = [...SETTINGS, '--dir', folder, '--stop-with-process', String(process.pid), ...args];
    return startDriven({ name, place, command: 'aria2c', args: all });
  };
  return await openTorrentSession(job, {
    startSeeder: async (peer) => start(peer, '--check-integrity=true', peer.torrent),
    async startLeecher(peer) {
      const leecher = start(peer, '--on-bt-download-complete', whenComplete, '--input-file=-');
      return {
        process: leecher,
        async download() {
          leecher.send(peer.torrent);
          leecher.endInput();
          await leecher.take(({ type }) => type === 'finished');
          return { path: join(peer.folder, job.source.name) };
        },
      };
    },
  });
}

/** What aria2 runs when a file is complete: it has no other word for that without being asked. */
async function writeHook(folder: string): Promise<string> {
  const path = join(folder, 'complete.sh');
  await writeFile(path, `#!/bin/sh\necho '{"type":"finished"}'\n`);
  await chmod(path, 0o755);
  return path;
}
