/**
 * How the property tests run, from the environment: `PROPERTY_SEED` repeats a run, `PROPERTY_RUNS` sets how many values
 * each property is tried with. A failure prints its seed.
 */
import type { IAsyncProperty, IProperty } from 'fast-check';
import { assert } from 'fast-check';

/** Runs unless the environment or the test says otherwise. */
const DEFAULT_RUNS = 100;

/** Fails the test with the smallest values found for which a synchronous property does not hold. */
export function assertProperty<Inputs>(property: IProperty<Inputs>): void {
  void assert(property, settings(DEFAULT_RUNS));
}

/** The same for a property that takes promises. */
export async function assertAsyncProperty<Inputs>(
  property: IAsyncProperty<Inputs>,
  defaultRuns: number = DEFAULT_RUNS,
): Promise<void> {
  await assert(property, settings(defaultRuns));
}

function settings(defaultRuns: number): { readonly numRuns: number; readonly seed?: number } {
  const { PROPERTY_SEED: seed, PROPERTY_RUNS: runs } = process.env;
  const numRuns = runs === undefined ? defaultRuns : Number(runs);
  return seed === undefined ? { numRuns } : { numRuns, seed: Number(seed) };
}
