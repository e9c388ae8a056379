/** WebTorrent, one Node.js process a peer, plaintext, TCP. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNpmPeers } from '../harness/npm-peers.ts';
import { type Driven, startDriven } from './driven.ts';
import type { Place } from './lab.ts';
import type { Found, Job, Session } from './system.ts';
import { openTorrentSession } from './torrent-session.ts';

const SCRIPT = fileURLToPath(new URL('webtorrent-peer.ts', import.meta.url));

export async function findWebTorrent(say: (line: string) => void): Promise<Found> {
  const peers = await findNpmPeers(['webtorrent'], say);
  if ('missing' in peers) return { missing: peers.missing.join() };
  const { version, folder } = peers.found.webtorrent;
  return { system: { name: 'WebTorrent', version, open: (job) => open(join(folder, 'index.js'), job) } };
}

function open(module: string, job: Job): Promise<Session> {
  const start = async (name: string, place: Place): Promise<Driven> => {
    const peer = startDriven({ name, place, command: process.execPath, args: [SCRIPT, module] });
    await peer.take(({ type }) => type === 'listening');
    return peer;
  };
  return openTorrentSession(job, {
    async startSeeder({ name, place, torrent, folder }) {
      const peer = await start(name, place);
      peer.send(JSON.stringify({ torrent, folder }));
      return peer;
    },
    async startLeecher({ name, place, torrent, folder }) {
      const startedAt = performance.now();
      const peer = await start(name, place);
      return {
        process: peer,
        readySeconds: (performance.now() - startedAt) / 1000,
        async download() {
          peer.send(JSON.stringify({ torrent, folder }));
          await peer.take(({ type }) => type === 'finished');
          return { path: join(folder, job.source.name) };
        },
      };
    },
  });
}
