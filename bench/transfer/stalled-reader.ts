/**
 * One seeder serves two leechers on loopback, one of which stops reading on the way, and keeps its connections: what the
 * seeder keeps for it must have an end, and the other must not wait for it.
 */
import type { BenchOptions, Contender, Figure, Prepared } from '../harness/figure.ts';
import { loopbackLab } from './lab.ts';
import { minitorrent } from './minitorrent.ts';
import { type Mishap, runTransfer, sampleOf } from './run-transfer.ts';
import { makeSource } from './source-file.ts';

const MIB = { short: 256, long: 1_024 };
const MAX_PEAK_MIB = 160;
const MISHAP: Mishap = { kind: 'freezes', leechers: 1, afterSeconds: 0.3 };

export const stalledReader: Figure = {
  id: 'stalled-reader',
  title: 'one seeder, two leechers, one of which stops reading; the rate of the other',
  unit: 'mbPerSecond',
  better: 'more',
  rounds: { warmUp: 0, short: 1, long: 5 },
  targets: [
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
    contenders: [
      contend('minitorrent', 2, { mishap: MISHAP }),
      contend('minitorrent, one leecher, which reads', 1, {}),
    ],
    missing: [],
    close: async () => undefined,
  };
}
