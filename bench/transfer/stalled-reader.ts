/**
 * One seeder serves two leechers on loopback, one of which stops reading on the way, and keeps its connections: what the
 * seeder keeps for it must have an end, and the other must not wait for it.
 */
import type { BenchOptions, Contender, Figure, Prepared } from '../harness/figure.ts';
import { loopbackLab } from './lab.ts';
import { minitorrent } from './minitorrent.ts';
import { type Mishap, runTransfer, sampleOf } from './run-transfer.ts';
import { makeSource } from './source-file.ts';

/** So large that the moment in which both read is a small part of it. */
const MIB = { short: 1_024, long: 2_048 };
const MAX_PEAK_MIB = 160;
const UNDISTURBED = 'minitorrent, one leecher, which reads';
const LEAST_SHARE = 0.8;
const MISHAP: Mishap = { kind: 'freezes', leechers: 1, afterSeconds: 0.3 };

export const stalledReader: Figure = {
  id: 'stalled-reader',
  title: 'one seeder, two leechers, one of which stops reading; the rate of the other',
  unit: 'mbPerSecond',
  better: 'more',
  rounds: { warmUp: 0, short: 2, long: 5 },
  targets: [
    {
      against: UNDISTURBED,
      ratio: LEAST_SHARE,
      text: `>= ${LEAST_SHARE}x the rate of a leecher that is alone`,
    },
    {
      against: MAX_PEAK_MIB,
      ratio: 1,
      text: `<= ${MAX_PEAK_MIB} MiB: seederPeakMib`,
      unit: 'seederPeakMib',
      better: 'less',
    },
  ],
  prepare,
};

async function prepare({ form, folder }: BenchOptions): Promise<Prepared> {
  const source = await makeSource(folder, MIB[form]);
  const contend = (name: string, leechers: number, mishap: { readonly mishap?: Mishap }): Contender => {
    const lab = loopbackLab({ seeders: 1, leechers });
    const run = async () =>
      sampleOf(await runTransfer(minitorrent, { source, folder, lab, ...mishap }), source);
    return { name, version: minitorrent.version, run };
  };
  return {
    contenders: [contend('minitorrent', 2, { mishap: MISHAP }), contend(UNDISTURBED, 1, {})],
    missing: [],
    close: async () => undefined,
  };
}
