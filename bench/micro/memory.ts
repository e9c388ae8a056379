/**
 * Figure `memory`: the peak memory of two peer processes, one of which downloads a large file from the other, and whether it
 * grows with the file.
 *
 * The files are sparse, with random bytes here and there, and are compared by SHA-256. The largest takes as much free space in
 * the temporary folder (TMPDIR) as is fetched of it: 5 GiB in the short form, 20 in the long one. The long form shares 1 TiB, too,
 * the largest file that there can be, and fetches its beginning. Linux only: peak memory is read from /proc.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCast } from '../../apps/cli/src/demo/cast.ts';
import { playScenario } from '../../apps/cli/src/demo/scenario.ts';
import { createSystemClock } from '../../packages/rpc-core/src/index.ts';
import type { BenchOptions, Contender, Figure, Prepared, Sample, Target } from '../harness/figure.ts';
import { readProcessUsage } from '../harness/process-usage.ts';
import { downloadBeginning } from './memory-beginning.ts';
import { makeSparseFile } from './sparse-file.ts';

const MAX_PEAK_MIB = 160;
const GIB = { short: 5, long: 20 };
/** What the others are compared with. */
const SMALL = 'minitorrent, 1 GiB';
/** Of processes that do the same, peaks differ by so much. */
const FLAT = 1.15;
/** All that one file can have; hashing it takes a quarter of an hour. */
const LARGEST = { gib: 1_024, fetchedGib: 4 };
/** The program as users install it: built (from its TypeScript source it takes 40 MiB more), with the flag of its first line. */
const PROGRAM = [
  '--max-semi-space-size=1',
  fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url)),
];

export const memory: Figure = {
  id: 'memory',
  title: 'Peak memory of peers that move a file larger than that',
  unit: 'leecherMib',
  better: 'less',
  rounds: { warmUp: 0, short: 1, long: 1 },
  targets: [...owed('leecherMib', 'the downloading peer'), ...owed('seederMib', 'the sharing peer')],
  async prepare({ form, folder }: BenchOptions): Promise<Prepared> {
    const whole = (name: string, gib: number) =>
      contender(name, folder, (own) => downloadLarge({ folder: own, gib }));
    const beginning = (own: string) => downloadBeginning({ folder: own, ...LARGEST });
    return {
      contenders: [
        ...(form === 'long' ? [contender('minitorrent, the beginning of 1 TiB', folder, beginning)] : []),
        whole(`minitorrent, ${GIB[form]} GiB`, GIB[form]),
        whole(SMALL, 1),
      ],
      missing: [],
      leftOut: form === 'long' ? [] : ['the beginning of 1 TiB (takes part in the long form)'],
      close: async () => undefined,
    };
  },
};

function owed(unit: string, who: string): Target[] {
  return [
    { against: MAX_PEAK_MIB, ratio: 1, unit, text: `${who} in <= ${MAX_PEAK_MIB} MiB` },
    { against: SMALL, ratio: FLAT, unit, text: `${who}: <= ${FLAT}x what it takes for 1 GiB` },
  ];
}

/** In a folder of its own, so that a round leaves no file to the next one. */
function contender(name: string, folder: string, run: (folder: string) => Promise<Sample>): Contender {
  return {
    name,
    version: '',
    async run() {
      const own = await mkdtemp(join(folder, 'round-'));
      try {
        return await run(own);
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    },
  };
}

interface LargeFile {
  /** An empty folder. */
  readonly folder: string;
  readonly gib: number;
}

async function downloadLarge({ folder, gib }: LargeFile): Promise<Sample> {
  await using cleanup = new AsyncDisposableStack();
  const board = { watch: () => () => undefined };
  const watch = { see: () => undefined };
  const cast = cleanup.use(
    createCast({ folder, program: PROGRAM, clock: createSystemClock(), watch, board }),
  );
  const tracker = await cast.startTracker();
  const alice = await cast.startPeer('alice', tracker);
  const bob = await cast.startPeer('bob', tracker);
  const file = await makeSparseFile(join(folder, 'large.bin'), gib * 2 ** 30);
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
