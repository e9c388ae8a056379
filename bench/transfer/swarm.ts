/**
 * A file goes from one seeder to eight leechers whose uplinks are narrow: the time until the last of them has it, as a
 * multiple of the least that is possible, beside what our simulator says that it should be. In the second figure half of the
 * leechers die on the way, beside a swarm that never had them.
 */
import type { BenchOptions, Contender, Figure, Prepared, Sample } from '../harness/figure.ts';
import { simulateApart } from '../simulator/simulation-process.ts';
import { findAria2 } from './aria2.ts';
import { distributionBound } from './bound.ts';
import { contend, findAll, findForLong } from './found.ts';
import type { Lab } from './lab.ts';
import { findLibtorrent } from './libtorrent.ts';
import { minitorrent, minitorrentWith } from './minitorrent.ts';
import { openNamespaceLab } from './namespace-lab.ts';
import { type Mishap, runTransfer, type TransferOptions } from './run-transfer.ts';
import { makeSource, type SourceFile } from './source-file.ts';
import type { System } from './system.ts';
import { findWebTorrent } from './webtorrent.ts';

/** A large file, since what the start of nine programs on one machine costs is told by other figures. */
const MIB = 256;
const LEECHERS = 8;
const UPLINK_MBIT = 100;
const TARGET = 1.15;
const SIMULATED = 'minitorrent, simulated';
/** What it does without the schedule that it has by default: whoever downloads asks for pieces at random. */
const RANDOM = minitorrentWith('minitorrent --strategy random', {
  leechers: ['--strategy', 'random'],
});

export const swarm: Figure = {
  id: 'swarm',
  title: `one seeder to ${LEECHERS} leechers, ${MIB} MiB, uplinks of ${UPLINK_MBIT} Mbit/s`,
  unit: 'timesBound',
  better: 'less',
  rounds: { warmUp: 0, short: 2, long: 7 },
  targets: [
    { against: TARGET, ratio: 1, text: `<= ${TARGET}x the bound of Kumar and Ross` },
    { against: 'libtorrent', ratio: 1, text: 'no slower than libtorrent' },
    { against: SIMULATED, ratio: 1.1, text: '<= 1.1x the time that our simulator foretells' },
    { against: SIMULATED, ratio: 0.9, better: 'more', text: '>= 0.9x the time that our simulator foretells' },
  ],
  prepare: (options) =>
    prepare(options, async ({ lab, source }) => {
      const bound = boundOf(source, LEECHERS);
      const run = (system: System) =>
        contend(system, () => measure({ system, source, folder: options.folder, lab }, bound));
      const { systems, missing } = await findAll([findLibtorrent()]);
      const more = await findForLong(options.form, [RANDOM.name, 'WebTorrent', 'aria2'], () => [
        Promise.resolve({ system: RANDOM }),
        findWebTorrent(options.say),
        findAria2(),
      ]);
      return {
        contenders: [minitorrent, ...systems, ...more.systems].map(run).toSpliced(1, 0, simulated(source)),
        missing: [...missing, ...more.missing],
        leftOut: more.leftOut,
      };
    }),
};

export const halfDie: Figure = {
  id: 'half-die',
  title: `the same swarm, half of whose leechers die at a third of the bound; the others' time`,
  unit: 'timesBound',
  better: 'less',
  rounds: { warmUp: 0, short: 1, long: 5 },
  targets: [],
  prepare: (options) =>
    prepare(options, async ({ lab, source }) => {
      const survivors = LEECHERS / 2;
      const bound = boundOf(source, survivors);
      const mishap: Mishap = { kind: 'dies', leechers: LEECHERS - survivors, afterSeconds: bound / 3 };
      const job = { source, folder: options.folder };
      const run = (system: System) => contend(system, () => measure({ system, ...job, lab, mishap }, bound));
      const alone = { ...lab, leechers: lab.leechers.slice(0, survivors) };
      const others = await findForLong(options.form, ['libtorrent'], () => [findLibtorrent()]);
      return {
        contenders: [
          run(minitorrent),
          {
            name: 'minitorrent, the survivors alone',
            version: minitorrent.version,
            run: () => measure({ system: minitorrent, ...job, lab: alone }, bound),
          },
          ...others.systems.map(run),
        ],
        missing: others.missing,
        leftOut: others.leftOut,
      };
    }),
};

interface Stage {
  readonly lab: Lab;
  readonly source: SourceFile;
}

/** The network, the file, and whoever `enter` lets take part. */
async function prepare(
  { folder }: BenchOptions,
  enter: (stage: Stage) => Promise<Omit<Prepared, 'close'>>,
): Promise<Prepared> {
  const lab = await openNamespaceLab({ seeders: 1, leechers: LEECHERS, uplinkMbit: UPLINK_MBIT });
  try {
    const source = await makeSource(folder, MIB);
    return { ...(await enter({ lab, source })), close: async () => await lab[Symbol.asyncDispose]() };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** What the simulator says of this very swarm, the same in each round. */
function simulated({ bytes }: SourceFile): Contender {
  const swarmToForetell = { bytes, leechers: LEECHERS, uplinkMbit: UPLINK_MBIT };
  return {
    name: SIMULATED,
    version: '',
    async run() {
      const { timesBound, swarmSeconds } = await simulateApart({
        kind: 'prediction',
        swarm: swarmToForetell,
      });
      return { timesBound, seconds: swarmSeconds };
    },
  };
}

async function measure(
  { system, ...options }: TransferOptions & { readonly system: Parameters<typeof runTransfer>[0] },
  bound: number,
): Promise<Sample> {
  const {
    seconds,
    secondsWithStart: _,
    secondsUntilSynced: __,
    ...used
  } = await runTransfer(system, options);
  return { timesBound: seconds / bound, seconds, ...used };
}

/** With as many leechers as will live: nobody needs to serve those that will not. */
function boundOf({ bytes }: SourceFile, leechers: number): number {
  const uplink = (UPLINK_MBIT * 1e6) / 8;
  return distributionBound({ bytes, leechers, seederUplink: uplink, leecherUplink: uplink });
}
