/**
 * Figure `memory`: the peak memory of two peer processes, one of which downloads a large file from the other.
 *
 * The file is sparse, with random bytes here and there, and is compared by SHA-256. It takes as much free space in the
 * temporary folder (TMPDIR) as the form says: 5 GiB, or 20. Linux only: peak memory is read from /proc.
 */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCast } from '../../apps/cli/src/demo/cast.ts';
import { playScenario } from '../../apps/cli/src/demo/scenario.ts';
import { createSystemClock } from '../../packages/rpc-core/src/index.ts';
import type { BenchOptions, Figure, Prepared, Sample } from '../harness/figure.ts';
import { readProcessUsage } from '../harness/process-usage.ts';

const MAX_PEAK_MIB = 160;
const GIB = { short: 5, long: 20 };
/** The program as users install it: built (from its TypeScript source it takes 40 MiB more), with the flag of its first line. */
const PROGRAM = [
  '--max-semi-space-size=1',
  fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url)),
];
const target = { against: MAX_PEAK_MIB, ratio: 1 };

export const memory: Figure = {
  id: 'memory',
  title: 'Peak memory of peers that move a file larger than that',
  unit: 'leecherMib',
  better: 'less',
  rounds: { warmUp: 0, short: 1, long: 1 },
  targets: [
    { ...target, text: `the downloading peer in <= ${MAX_PEAK_MIB} MiB` },
    { ...target, unit: 'seederMib', text: `the sharing peer in <= ${MAX_PEAK_MIB} MiB` },
  ],
  async prepare({ form, folder }: BenchOptions): Promise<Prepared> {
    const run = () => downloadLarge(folder, GIB[form]);
    return {
      contenders: [{ name: 'minitorrent', version: '', run }],
      missing: [],
      close: async () => undefined,
    };
  },
};

async function downloadLarge(folder: string, gib: number): Promise<Sample> {
  await using cleanup = new AsyncDisposableStack();
  const board = { watch: () => () => undefined };
  const watch = { see: () => undefined };
  const cast = cleanup.use(
    createCast({ folder, program: PROGRAM, clock: createSystemClock(), watch, board }),
  );
  const tracker = await cast.startTracker();
  const alice = await cast.startPeer('alice', tracker);
  const bob = await cast.startPeer('bob', tracker);
  const file = await makeSparseFile(join(folder, 'large.bin'), Math.round(gib * 2 ** 30));
  const scenario = playScenario({ file, sharer: alice, downloaders: [bob], tell: () => undefined });
  const { ok, downloads } = await Promise.race([scenario, cast.died]);
  const [download] = downloads;
  if (!ok || download === undefined) throw new Error('What arrived is not what was shared');
  return {
    leecherMib: (await readProcessUsage(bob.pid ?? 0)).peakMib,
    seederMib: (await readProcessUsage(alice.pid ?? 0)).peakMib,
    gib,
    mbPerSecond: download.bytesPerSecond / 1e6,
  };
}

/** Random bytes at the start, at the end, and around each GiB; holes between. */
async function makeSparseFile(path: string, size: number): Promise<string> {
  await using handle = await open(path, 'wx');
  await handle.truncate(size);
  for (let position = 0; position < size; position += 2 ** 30 - 12_345) {
    const bytes = randomBytes(Math.min(300_000, size - position));
    await handle.write(bytes, 0, bytes.length, position);
  }
  await handle.write(randomBytes(1), 0, 1, size - 1);
  return path;
}
