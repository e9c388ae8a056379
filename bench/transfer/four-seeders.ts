/** Four peers that have the file send it to one, on loopback, against one that does: more must not cost speed. */
import type { BenchOptions, Contender, Figure, Prepared } from '../harness/figure.ts';
import { findForLong } from './found.ts';
import { loopbackLab } from './lab.ts';
import { findLibtorrent } from './libtorrent.ts';
import { minitorrent } from './minitorrent.ts';
import { runTransfer, sampleOf } from './run-transfer.ts';
import { makeSource } from './source-file.ts';
import type { System } from './system.ts';

/** Enough that four programs which start and warm up are a small part of it. */
const MIB = { short: 1_024, long: 2_048 };
const ONE_SEEDER = 'minitorrent, one seeder';

export const fourSeeders: Figure = {
  id: 'four-seeders',
  title: 'four seeders to one leecher on loopback',
  unit: 'mbPerSecond',
  better: 'more',
  rounds: { warmUp: 0, short: 3, long: 7 },
  targets: [{ against: ONE_SEEDER, ratio: 1, text: '>= what one seeder gives' }],
  prepare,
};

async function prepare({ form, folder }: BenchOptions): Promise<Prepared> {
  const source = await makeSource(folder, MIB[form]);
  const others = await findForLong(form, ['libtorrent'], () => [findLibtorrent()]);
  const contend = (system: System, seeders: number, name: string): Contender => {
    const lab = loopbackLab({ seeders, leechers: 1 });
    const run = async () => sampleOf(await runTransfer(system, { source, folder, lab }), source);
    return { name, version: system.version, run };
  };
  return {
    contenders: [
      contend(minitorrent, 4, 'minitorrent'),
      contend(minitorrent, 1, ONE_SEEDER),
      ...others.systems.map((system) => contend(system, 4, system.name)),
    ],
    missing: others.missing,
    leftOut: others.leftOut,
    close: async () => undefined,
  };
}
