/**
 * Shares a file that is larger than the disk, and downloads its beginning: what both peers take of memory then.
 *
 * The file is sparse, so that it takes no space; sharing it means hashing it, as any other. Whoever downloads goes in order
 * and is ended once enough has arrived: its own `.part` is sparse beyond that.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sample } from '../harness/figure.ts';
import { loopbackLab } from '../transfer/lab.ts';
import { minitorrentWith } from '../transfer/minitorrent.ts';
import { makeSparseFile } from './sparse-file.ts';

const GIB = 2 ** 30;
const LOOK_EVERY_MS = 200;
/** In the order of the file, what is under way is far less than this. */
const SETTLED_BEFORE_BYTES = GIB;
const IN_ORDER = minitorrentWith('minitorrent', { leechers: ['--strategy', 'sequential'] });

export interface Beginning {
  /** An empty folder. */
  readonly folder: string;
  readonly gib: number;
  /** More than one. */
  readonly fetchedGib: number;
}

export async function downloadBeginning({ folder, gib, fetchedGib }: Beginning): Promise<Sample> {
  const path = await makeSparseFile(join(folder, 'large.bin'), gib * GIB);
  // Nobody compares all of it, so nobody has to know its hash.
  const source = { path, name: basename(path), bytes: gib * GIB, sha256: '' };
  await using session = await IN_ORDER.open({
    source,
    folder,
    lab: loopbackLab({ seeders: 1, leechers: 1 }),
  });
  const [seeder, leecher] = [session.seeders[0], session.leechers[0]];
  if (seeder === undefined || leecher === undefined) throw new TypeError('It needs one of each');

  const startedAt = performance.now();
  const whole = leecher
    .download()
    .then(() => Promise.reject(new Error('All of it came, and was not seen to')));
  // It fails when the leecher is killed, too; before that the loop hears of it.
  whole.catch(() => undefined);
  const downloads = join(folder, 'leecher0-downloads');
  let part: Part | undefined;
  while (part === undefined || part.bytesOnDisk < fetchedGib * GIB) {
    await Promise.race([sleep(LOOK_EVERY_MS), whole]);
    part = await findPart(downloads);
  }
  const seconds = (performance.now() - startedAt) / 1_000;

  const sample = {
    leecherMib: (await leecher.process.usage()).peakMib,
    seederMib: (await seeder.usage()).peakMib,
    gib,
    mbPerSecond: part.bytesOnDisk / 1e6 / seconds,
  };
  await leecher.process.kill();
  const settled = fetchedGib * GIB - SETTLED_BEFORE_BYTES;
  if ((await hashOfFirst(settled, part.path)) !== (await hashOfFirst(settled, path))) {
    throw new Error('What arrived is not what was shared');
  }
  return sample;
}

interface Part {
  readonly path: string;
  /** Without its holes. */
  readonly bytesOnDisk: number;
}

/** The file under way, whose name begins with that of the file; undefined before it is there. */
async function findPart(folder: string): Promise<Part | undefined> {
  const name = (await readdir(folder)).find((each) => each.endsWith('.part'));
  if (name === undefined) return undefined;
  const path = join(folder, name);
  return { path, bytesOnDisk: (await stat(path)).blocks * 512 };
}

async function hashOfFirst(bytes: number, path: string): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream(path, { end: bytes - 1, highWaterMark: 2 ** 20 });
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}
