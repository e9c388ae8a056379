/**
 * Whether `--limit-up` and `--limit-down` hold: the rate of a transfer between two processes of which one is limited, as a
 * multiple of its limit. Counted are the bytes of the file, from the command until it is whole; so asking the tracker and
 * connecting count against us, and headers and hashes are what the limit leaves out.
 */
import type { BenchOptions, Figure, Prepared, Sample, Target } from '../harness/figure.ts';
import { loopbackLab } from './lab.ts';
import { minitorrent, minitorrentWith } from './minitorrent.ts';
import { runTransfer } from './run-transfer.ts';
import { makeSource } from './source-file.ts';
import type { System } from './system.ts';

const MB_PER_SECOND = 20;
/** As people may write it: without a unit it is bytes, and `20M` would be 20 MiB. */
const LIMIT = String(MB_PER_SECOND * 1e6);
/** Ten seconds of it, and half a minute. */
const MIB = { short: 192, long: 576 };
const TOLERANCE = 0.03;

const UP = minitorrentWith('limited up', { seeders: ['--limit-up', LIMIT] });
const DOWN = minitorrentWith('limited down', { leechers: ['--limit-down', LIMIT] });

export const limits: Figure = {
  id: 'limits',
  title: `a transfer that is limited to ${MB_PER_SECOND} MB/s, as a multiple of that`,
  unit: 'upOverLimit',
  better: 'more',
  rounds: { warmUp: 0, short: 2, long: 5 },
  targets: [...holds('upOverLimit', '--limit-up'), ...holds('downOverLimit', '--limit-down')],
  async prepare({ form, folder }: BenchOptions): Promise<Prepared> {
    const source = await makeSource(folder, MIB[form]);
    const lab = loopbackLab({ seeders: 1, leechers: 1 });
    const rateOf = async (system: System): Promise<number> => {
      const { seconds } = await runTransfer(system, { source, folder, lab });
      return source.bytes / 1e6 / seconds;
    };
    const run = async (): Promise<Sample> => {
      const [up, down] = [await rateOf(UP), await rateOf(DOWN)];
      return {
        upOverLimit: up / MB_PER_SECOND,
        downOverLimit: down / MB_PER_SECOND,
        upMbPerSecond: up,
        downMbPerSecond: down,
      };
    };
    return {
      contenders: [{ name: minitorrent.name, version: minitorrent.version, run }],
      missing: [],
      close: async () => undefined,
    };
  },
};

/** Neither more than the limit nor less, but for the tolerance. */
function holds(unit: string, option: string): Target[] {
  const [most, least] = [1 + TOLERANCE, 1 - TOLERANCE];
  return [
    { against: 1, ratio: most, unit, better: 'less', text: `${option}: <= ${most}x of it` },
    { against: 1, ratio: least, unit, better: 'more', text: `${option}: >= ${least}x of it` },
  ];
}
