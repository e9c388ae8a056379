/** libtorrent (rasterbar), by its Python module: each peer a process, plaintext, TCP. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Driven, startDriven } from './driven.ts';
import type { Place } from './lab.ts';
import type { Found, Job, Session } from './system.ts';
import { openTorrentSession } from './torrent-session.ts';

const SCRIPT = fileURLToPath(new URL('libtorrent-peer.py', import.meta.url));
/** Debian's module is for Debian's Python, and that need not be the first. */
const PYTHONS = ['python3', '/usr/bin/python3'];
const run = promisify(execFile);

export async function findLibtorrent(): Promise<Found> {
  for (const python of PYTHONS) {
    try {
      const { stdout } = await run(python, ['-c', 'import libtorrent; print(libtorrent.__version__)']);
      return { system: { name: 'libtorrent', version: stdout.trim(), open: (job) => open(python, job) } };
    } catch {
      // The next one may have it.
    }
  }
  return { missing: 'libtorrent (apt-get install python3-libtorrent)' };
}

function open(python: string, job: Job): Promise<Session> {
  return openTorrentSession(job, {
    async startSeeder({ name, place, torrent, folder }) {
      const peer = await start(python, name, place);
      peer.send(JSON.stringify({ torrent, folder }));
      return peer;
    },
    async startLeecher({ name, place, torrent, folder }) {
      const startedAt = performance.now();
      const peer = await start(python, name, place);
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

async function start(python: string, name: string, place: Place): Promise<Driven> {
  const peer = startDriven({ name, place, command: python, args: ['-u', SCRIPT, place.host] });
  await peer.take(({ type }) => type === 'listening');
  return peer;
}
