/** A transfer by a BitTorrent program: what is the same for all of them. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Driven } from './driven.ts';
import type { Place } from './lab.ts';
import type { Job, Leecher, Session } from './system.ts';
import { makeTorrent, startTorrentTracker } from './torrent.ts';

export interface TorrentPeer {
  readonly name: string;
  readonly place: Place;
  /** The path of the torrent. */
  readonly torrent: string;
  /** Where its file lies, or will. */
  readonly folder: string;
}

export interface TorrentProgram {
  /** Starts a peer that checks its file and announces itself. */
  startSeeder(peer: TorrentPeer): Promise<Driven>;
  startLeecher(peer: TorrentPeer): Promise<Leecher>;
}

export async function openTorrentSession(
  { source, folder, lab }: Job,
  program: TorrentProgram,
): Promise<Session> {
  await using cleanup = new AsyncDisposableStack();
  const tracker = cleanup.use(await startTorrentTracker(lab.hub));
  const torrent = await makeTorrent(source, tracker.url, folder);
  const seeders = await Promise.all(
    lab.seeders.map(async (place, index) => {
      const name = `seeder${index}`;
      return cleanup.use(await program.startSeeder({ name, place, torrent, folder: dirname(source.path) }));
    }),
  );
  const leechers = await Promise.all(
    lab.leechers.map(async (place, index) => {
      const name = `leecher${index}`;
      const downloads = join(folder, name);
      await mkdir(downloads);
      const leecher = await program.startLeecher({ name, place, torrent, folder: downloads });
      cleanup.use(leecher.process);
      return leecher;
    }),
  );
  await tracker.seeders(seeders.length);
  const running = cleanup.move();
  return { seeders, leechers, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
