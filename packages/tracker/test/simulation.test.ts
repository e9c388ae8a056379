/**
 * Some hundred seeds of the cluster's simulator, and every mistake that it has to notice. Any number of seeds by
 * `node --conditions=@minitorrent/source packages/tracker/test/simulation/main.ts --seeds 10000`.
 */
import { describe, expect, it } from 'vitest';
import { addFaults, noFaults } from './simulation/fault-counts.ts';
import type { SimulatedBug } from './simulation/options.ts';
import { simulate } from './simulation/simulate.ts';

/** How many seeds a mistake is given to show: many more than it needs, because any change of the core moves the first. */
const SEEDS: Readonly<Record<SimulatedBug, number>> = {
  acknowledge_early: 400,
  no_joint_rule: 400,
  forget_unknown_swaps: 600,
  take_over_without_being_in_sync: 100,
  read_without_lease: 200,
  read_without_asking: 200,
  count_pauses: 600,
  promote_at_once: 800,
  promote_without_mark: 1_000,
  drop_without_register: 800,
  skip_fsync: 100,
  register_restarts_empty: 50,
};

describe('a cluster of trackers', () => {
  it('loses no acknowledged write, gives no name away twice and reads nothing old, whatever fails', () => {
    const faults = noFaults();
    for (let seed = 1; seed <= 250; seed += 1) {
      const { violation, options, counts } = simulate(seed);
      if (violation !== undefined) expect.fail(`${violation}: ${JSON.stringify(options)}`);
      addFaults(faults, counts);
    }
    const missing = Object.entries(faults).filter(([, count]) => count === 0);
    expect(missing).toEqual([]);
  });

  it('does the same from the same seed, event by event', () => {
    for (const seed of [3, 17, 99, 152]) expect(simulate(seed)).toEqual(simulate(seed));
  });

  it.each(Object.entries(SEEDS))('is seen to fail by %s', (planted, seeds) => {
    // The keys are those of the record.
    expect(firstFailure(planted as SimulatedBug, seeds)).toBeDefined();
  });
});

function firstFailure(planted: SimulatedBug, seeds: number): number | undefined {
  for (let seed = 1; seed <= seeds; seed += 1) {
    if (simulate(seed, planted).violation !== undefined) return seed;
  }
  return undefined;
}
