/**
 * Some hundred seeds of the cluster's simulator, and every mistake that it has to notice. Any number of seeds by
 * `node --conditions=@minitorrent/source packages/tracker/test/simulation/main.ts --seeds 10000`.
 */
import { describe, expect, it } from 'vitest';
import type { SimulatedBug } from './simulation/options.ts';
import { simulate } from './simulation/simulate.ts';

describe('a cluster of trackers', () => {
  it('loses no acknowledged write and gives no name away twice, whatever fails', () => {
    for (let seed = 1; seed <= 250; seed += 1) {
      const { violation, options } = simulate(seed);
      if (violation !== undefined) expect.fail(`${violation}: ${JSON.stringify(options)}`);
    }
  });

  it('does the same from the same seed, event by event', () => {
    for (const seed of [3, 17, 99]) expect(simulate(seed)).toEqual(simulate(seed));
  });

  // The first seed that shows it and some more, because any change of the core moves it.
  it.each<[SimulatedBug, number, number]>([
    ['acknowledge_early', 1, 300],
    ['no_joint_rule', 1, 1_000],
    ['skip_fsync', 1, 50],
    ['take_over_without_being_in_sync', 1, 50],
    ['read_without_lease', 1, 1_000],
    ['register_restarts_empty', 1, 50],
  ])('is seen to fail by %s', (planted, from, seeds) => {
    expect(firstFailure(planted, from, seeds)).toBeDefined();
  });
});

function firstFailure(planted: SimulatedBug, from: number, seeds: number): number | undefined {
  for (let seed = from; seed < from + seeds; seed += 1) {
    if (simulate(seed, planted).violation !== undefined) return seed;
  }
  return undefined;
}
