/**
 * A file goes from one seeder to eight leechers whose uplinks are narrow: the time until the last of them has it, as a
 * multiple of the least that is possible. In the second figure half of the leechers die on the way.
 */
import type { BenchOptions, Contender, Figure, Prepared, Sample } from '../harness/figure.ts';
import { findAria2 } from './aria2.ts';
import { distributionBound } from './bound.ts';
import { contend, findAll } from './found.ts';
import { findLibtorrent } from './libtorrent.ts';
import { minitorrent } from './minitorrent.ts';
import { openNamespaceLab } from './namespace-lab.ts';
import { type Mishap, runTransfer, type TransferOptions } from './run-transfer.ts';
import { makeSource, type SourceFile } from './source-file.ts';
import type { Found } from './system.ts';
import { findWebTorrent } from './webtorrent.ts';

/** A large file, since what the start of nine programs on one machine costs is told by other figures. */
const MIB = 256;
const LEECHERS = 8;
const UPLINK_MBIT = 100;
const TARGET = 1.15;

export const swarm: Figure = {
  id: 'swarm',
  title: `one seeder to ${LEECHERS} leechers, ${MIB} MiB, uplinks of ${UPLINK_MBIT} Mbit/s`,
  unit: 'timesBound',
  better: 'less',
  rounds: { warmUp: 0, short: 2, long: 7 },
  targets: [
    { against: TARGET, ratio: 1, text: `<= ${TARGET}x the bound of Kumar and Ross` },
    { against: 'libtorrent', ratio: 1, text: 'no slower than libtorrent' },
  ],
  prepare: (options) =>
    prepare(options, [
      findLibtorrent(),
      ...(options.form === 'long' ? [findWebTorrent(options.say), findAria2()] : []),
    ]),
};

export const halfDie: Figure = {
  id: 'half-die',
  title: `the same swarm, half of whose leechers die at a third of the bound; the others' time`,
  unit: 'timesBound',
  better: 'less',
  rounds: { warmUp: 0, short: 1, long: 5 },
  targets: [],
  prepare: (options) => prepare(options, options.form === 'long' ? [findLibtorrent()] : [], LEECHERS / 2),
};

async function prepare(
  { folder }: BenchOptions,
  searches: readonly Promise<Found>[],
  dying = 0,
): Promise<Prepared> {
  const lab = await openNamespaceLab({ seeders: 1, leechers: LEECHERS, uplinkMbit: UPLINK_MBIT });
  try {
    const source = await makeSource(folder, MIB);
    const { systems, missing } = await findAll(searches);
    const bound = boundOf(source, LEECHERS - dying);
    const mishap: Mishap | undefined =
      dying === 0 ? undefined : { kind: 'dies', leechers: dying, afterSeconds: bound / 3 };
    const options = { source, folder, lab, ...(mishap === undefined ? {} : { mishap }) };
    return {
      contenders: [minitorrent, ...systems].map(
        (system): Contender => contend(system, () => measure({ system, ...options }, bound)),
      ),
      missing,
      close: async () => await lab[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
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
