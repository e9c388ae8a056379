/** Medians and spreads: pure functions of samples. */
import type { Sample } from './figure.ts';

/** What is said of one unit over all rounds. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of the distances from the median, which one disturbed round does not move. */
  readonly deviation: number;
}

/** The middle of `values`, or the mean of the two in the middle; throws a RangeError if there are none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const above = sorted[Math.floor(sorted.length / 2)];
  const below = sorted[Math.ceil(sorted.length / 2) - 1];
  if (above === undefined || below === undefined) throw new RangeError('No median of no values');
  return (below + above) / 2;
}

export function summarize(values: readonly number[]): Summary {
  const middle = median(values);
  return {
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    deviation: median(values.map((value) => Math.abs(value - middle))),
  };
}

/** One summary for each unit that the samples have; a unit that a round lacks is summarized over the others. */
export function summarizeUnits(samples: readonly Sample[]): Record<string, Summary> {
  const units = new Set(samples.flatMap((sample) => Object.keys(sample)));
  return Object.fromEntries([...units].map((unit) => [unit, summarize(valuesOf(samples, unit))]));
}

/**
 * How many times theirs ours is in `unit`: the median of the ratios round by round. Both samples of a round were taken
 * one after the other, so what slows the machine down for a while slows both and leaves the ratio.
 */
export function pairedRatio(
  ours: readonly Sample[],
  theirs: readonly Sample[],
  unit: string,
): number | undefined {
  const ratios = ours.flatMap((sample, round) => {
    const [mine, other] = [sample[unit], theirs[round]?.[unit]];
    return mine === undefined || other === undefined || other === 0 ? [] : [mine / other];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

export function valuesOf(samples: readonly Sample[], unit: string): number[] {
  return samples.flatMap((sample) => sample[unit] ?? []);
}
