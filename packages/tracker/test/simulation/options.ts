/** What one run is made of; everything follows from the seed and these. */
import type { PlantedBug } from '../../src/replication/member.ts';
import type { Chance } from './chance.ts';

/** Mistakes of the core, of the disk and of the register. */
export type SimulatedBug = PlantedBug | 'skip_fsync' | 'register_restarts_empty';

export interface SimulationOptions {
  readonly seed: number;
  readonly trackers: number;
  readonly clients: number;
  /** How long there are faults; then everything is healed. */
  readonly faultsMs: number;
  /** Of all messages, how many in a thousand. */
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  readonly slowPerMille: number;
  /** Mean times between faults. */
  readonly crashEveryMs: number;
  readonly partitionEveryMs: number;
  readonly registerOutageEveryMs: number;
  readonly compactEveryMs: number;
  /** One in so many effects is the last one of its process. */
  readonly effectsPerCrash: number;
  readonly diskMs: number;
  /** Clocks run up to this many thousandths too fast or too slow. */
  readonly driftPerMille: number;
  /** Entries that the replication core keeps in memory. */
  readonly windowEntries: number;
  /** Messages go through their codecs. */
  readonly encodes: boolean;
  readonly planted: SimulatedBug | undefined;
}

/** The options of a seed: calm and wild runs, slow and fast disks, two or three trackers. */
export function drawOptions(
  seed: number,
  chance: Chance,
  planted: SimulatedBug | undefined,
): SimulationOptions {
  const drawn: SimulationOptions = {
    seed,
    trackers: chance.oneIn(3) ? 3 : 2,
    clients: chance.between(2, 4),
    faultsMs: chance.between(6_000, 14_000),
    lossPerMille: chance.pick([0, 5, 20, 80]),
    duplicatePerMille: chance.pick([0, 5, 30]),
    slowPerMille: chance.pick([0, 10, 60]),
    crashEveryMs: chance.pick([1_200, 2_500, 6_000]),
    partitionEveryMs: chance.pick([1_000, 2_500, 8_000]),
    registerOutageEveryMs: chance.pick([2_000, 5_000, 20_000]),
    compactEveryMs: chance.pick([700, 3_000, 60_000]),
    effectsPerCrash: chance.pick([300, 1_500, 100_000]),
    diskMs: chance.pick([1, 6, 40]),
    driftPerMille: chance.pick([0, 20, 150]),
    windowEntries: chance.pick([8, 40, 1_000]),
    encodes: chance.oneIn(20),
    planted,
  };
  return { ...drawn, ...(planted === undefined ? {} : OCCASIONS[planted]) };
}

/** What a mistake needs to show soon; without it, it shows in one of hundreds or thousands of runs. */
const OCCASIONS: Readonly<Partial<Record<SimulatedBug, Partial<SimulationOptions>>>> = {
  acknowledge_early: { diskMs: 40, crashEveryMs: 2_500, lossPerMille: 80 },
  // Cut off from the register and from its backup, and from nobody else.
  read_without_lease: {
    trackers: 2,
    crashEveryMs: 60_000,
    registerOutageEveryMs: 60_000,
    partitionEveryMs: 250,
    effectsPerCrash: 100_000,
  },
};
