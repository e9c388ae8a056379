/** One peer sends a file to another, on loopback, against programs that do the same. */
import type { BenchOptions, Figure, Prepared } from '../harness/figure.ts';
import { findAria2 } from './aria2.ts';
import { contend, findAll } from './found.ts';
import { loopbackLab } from './lab.ts';
import { findLibtorrent } from './libtorrent.ts';
import { minitorrent } from './minitorrent.ts';
import { findNginxCurl } from './nginx-curl.ts';
import { nodeAlone } from './node-alone.ts';
import { runTransfer, sampleOf } from './run-transfer.ts';
import { makeSource } from './source-file.ts';
import { findSyncthing } from './syncthing.ts';
import { findWebTorrent } from './webtorrent.ts';

const MIB = 2_048;
const MAX_PEAK_MIB = 160;

export const oneToOne: Figure = {
  id: 'transfer',
  title: 'one seeder to one leecher, 2 GiB on loopback; ours encrypted and verified',
  unit: 'mbPerSecond',
  better: 'more',
  rounds: { warmUp: 0, short: 3, long: 7 },
  targets: [
    { against: 'libtorrent', ratio: 1.5, text: '>= 1.5x libtorrent in plaintext' },
    { against: 'Syncthing', ratio: 1.5, text: '>= 1.5x Syncthing, encrypted' },
    { against: 'WebTorrent', ratio: 3, text: '>= 3x WebTorrent in plaintext' },
    {
      against: 'nginx to curl',
      ratio: 0.85,
      text: '>= 0.85x nginx to curl over HTTPS, which verifies nothing',
    },
    {
      against: 4,
      ratio: 1,
      text: '<= 4.0 CPU seconds a GiB, both ends',
      unit: 'cpuSecondsPerGib',
      better: 'less',
    },
    ...['leecherPeakMib', 'seederPeakMib'].map((unit) => ({
      against: MAX_PEAK_MIB,
      ratio: 1,
      text: `<= ${MAX_PEAK_MIB} MiB: ${unit}`,
      unit,
      better: 'less' as const,
    })),
  ],
  prepare,
};

async function prepare({ folder, say }: BenchOptions): Promise<Prepared> {
  const source = await makeSource(folder, MIB);
  const { systems, missing } = await findAll([
    findLibtorrent(),
    findSyncthing(),
    findWebTorrent(say),
    findAria2(),
    findNginxCurl(),
  ]);
  const lab = loopbackLab({ seeders: 1, leechers: 1 });
  return {
    contenders: [minitorrent, nodeAlone, ...systems].map((system) =>
      contend(system, async () => sampleOf(await runTransfer(system, { source, folder, lab }), source)),
    ),
    missing,
    close: async () => undefined,
  };
}
