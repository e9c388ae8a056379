/** Flips of all kinds: most where a flip costs microseconds, few where it costs a connection or a database. */
import { join } from 'node:path';
import { createIdentity } from '@minitorrent/rpc-core/tls';
import { peerContract, trackerCallbacks, trackerContract } from '../corpus.ts';
import type { FlipResult } from './flip.ts';
import { flipFrames, flipPieces } from './frames.ts';
import { fillJournal, flipEntries, flipSqlite } from './journal.ts';
import { flipStore } from './store.ts';
import { flipWire } from './wire.ts';

/** Each is opened by a thread of its own. */
const MOST_DATABASES = 200;
const MOST_CONNECTIONS = 1_000;

export async function flipEverything(run: {
  readonly folder: string;
  readonly seed: number;
  readonly flips: number;
}): Promise<FlipResult[]> {
  const { seed } = run;
  const share = (of: number, most = run.flips): { seed: number; flips: number } => ({
    seed,
    flips: Math.min(most, Math.ceil(run.flips * of)),
  });
  const [database, wire] = [share(0.02, MOST_DATABASES), share(0.02, MOST_CONNECTIONS)];
  const rest = { seed, flips: Math.floor(run.flips * 0.5) - database.flips - wire.flips };
  const { deviceId } = createIdentity();
  const place = {
    ...{ userId: 'ada', password: 'correct horse battery', groupId: 'films', fileName: 'film.bin' },
    ...{ deviceId, root: new Uint8Array(32).fill(1) },
  };
  const data = join(run.folder, 'journal');
  await fillJournal(data);
  return [
    await flipFrames([trackerContract, trackerCallbacks, peerContract], place, rest),
    await flipPieces(share(0.2)),
    await flipStore(share(0.15)),
    await flipEntries(data, share(0.15)),
    await flipSqlite(data, database),
    await flipWire(wire),
  ];
}
