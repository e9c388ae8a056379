/**
 * How the property tests run, from the environment: `PROPERTY_SEED` repeats a run, `PROPERTY_RUNS` sets how many values
 * each property is tried with. A failure prints its seed.
 */
import * as fc from 'fast-check';

/** Keeps a run of all tests to a few seconds; a night's run sets thousands. */
const DEFAULT_RUNS = 200;

/** Fails the test with the smallest values found for which `property` does not hold. */
export function assertProperty<Ts>(property: fc.IProperty<Ts>): void {
  // No promise comes of a synchronous property.
  void fc.assert(property, readSettings(process.env));
}

/** The settings of a run; refuses what is not a whole number, rather than run something else than was asked for. */
export function readSettings(environment: NodeJS.ProcessEnv): {
  readonly numRuns: number;
  readonly seed?: number;
} {
  const seed = wholeNumber(environment, 'PROPERTY_SEED');
  const numRuns = wholeNumber(environment, 'PROPERTY_RUNS') ?? DEFAULT_RUNS;
  return seed === undefined ? { numRuns } : { numRuns, seed };
}

function wholeNumber(environment: NodeJS.ProcessEnv, name: string): number | undefined {
  const value = environment[name];
  if (value === undefined || value === '') return undefined;
  if (/^-?\d+$/.test(value)) return Number(value);
  throw new RangeError(`Cannot use ${name}=${value}: expected a whole number`);
}
