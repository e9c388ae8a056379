/** How good the schedule is, on virtual time, so the same on every machine; and that a worse one would be noticed. */
import { describe, expect, it } from 'vitest';
import { SWARM_LIMITS } from '../src/swarm-limits.ts';
import { PLANTED, POLICIES, type PolicyName, type PolicyOptions } from './simulation/policies.ts';
import { predictionOptions } from './simulation/prediction.ts';
import { optionsOf, type Scenario } from './simulation/scenarios.ts';
import type { SimulationOptions } from './simulation/simulation-model.ts';
import { type SimulationResult, SwarmSimulation } from './simulation/swarm-simulation.ts';

interface Bounds {
  readonly ratio: number;
  readonly wasted: number;
  readonly uplinkUse: number;
}

/** Two or three percent above what it comes to today; the discrete optimum of the first is 1.027. */
const SHORT_TABLE: Readonly<Record<'equal' | 'unequal', { scenario: Scenario; bounds: Bounds }>> = {
  equal: {
    scenario: { peers: 16, pieces: 150 },
    bounds: { ratio: 1.105, wasted: 0.007, uplinkUse: 0.85 },
  },
  unequal: {
    scenario: { peers: 16, pieces: 150, uplinks: 'unequal' },
    bounds: { ratio: 1.13, wasted: 0.012, uplinkUse: 0.67 },
  },
};
const SEEDS = [1, 2, 3];
/** Of the first to be done, as a share of the time of the last. */
const LEAST_EVENNESS = 0.92;

/** What the design asks of the schedule of thirty leechers and four hundred pieces, or less where it is better today. */
const DESIGN = { equal: 1.05, unequal: 1.07 } as const;

/** From the best to the worst, as the design has them; those of one step are about the same. */
const ORDER: Readonly<Record<'equal' | 'unequal', readonly (readonly PolicyName[])[]>> = {
  equal: [['default'], ['budget'], ['rarest-first', 'random'], ['deep'], ['in-order']],
  unequal: [['default'], ['budget'], ['rarest-first', 'random'], ['no-endgame']],
};

describe('the schedule of a swarm', () => {
  it.each(['equal', 'unequal'] as const)(
    'with %s uplinks is near the bound, wastes nothing and is fair',
    (row) => {
      const { scenario, bounds } = SHORT_TABLE[row];
      expect(problemsOf(runs(scenario, {}), bounds)).toEqual([]);
    },
  );

  it.each([
    ['deep queues', 'equal', 'time / bound'],
    ['no late binding', 'equal', 'time / bound'],
    ['no endgame', 'unequal', 'time / bound'],
    ['no endgame', 'unequal', 'first done'],
  ] as const)('would be seen to have %s (with %s uplinks, by its %s)', (bug, row, found) => {
    const { scenario, bounds } = SHORT_TABLE[row];
    expect(problemsOf(runs(scenario, PLANTED[bug]), bounds).join()).toContain(found);
  });

  it.each(['equal', 'unequal'] as const)(
    'with %s uplinks stays near the bound where sockets take all that they are given, as pieces are held back',
    (row) => {
      const { scenario, bounds } = SHORT_TABLE[row];
      const windowed = simulate(scenario, {}, 'windowed');
      expect(
        problemsOf(windowed, { ...bounds, ratio: bounds.ratio + 0.02, wasted: 0.03, uplinkUse: 0.6 }),
      ).toEqual([]);
      const endless = simulate(scenario, {}, 'endless');
      expect(mean(endless, ({ ratio }) => ratio)).toBeGreaterThan(1.2);
    },
  );

  it.each([
    [256, 1.12],
    // Here the window has room for all that receivers ask for at a time.
    [64, 1.15],
  ])('predicts for a real swarm what is near the bound with its headers, with %i MiB', (mib, bound) => {
    const options = predictionOptions(mib * 2 ** 20);
    const { ratio, completed } = new SwarmSimulation({ ...options, checksRules: false }).run();
    expect(completed).toBe(true);
    expect(ratio).toBeLessThan(bound);
  });

  it.each(['equal', 'unequal'] as const)(
    'is better with %s uplinks than the policies that it replaces, in the order of the design',
    (uplinks) => {
      const scenario: Scenario = { peers: 8, pieces: 300, uplinks };
      const steps = ORDER[uplinks].map((step) =>
        step.map((name) => mean(simulate(scenario, POLICIES[name].options(8)), ({ ratio }) => ratio)),
      );
      const extremes = steps.flatMap((ratios) => [Math.min(...ratios), Math.max(...ratios)]);
      expect(extremes.toSorted((a, b) => a - b)).toEqual(extremes);
      if (uplinks === 'equal') expect(extremes.at(-1)).toBeGreaterThan(7);
    },
  );

  it.each(['equal', 'unequal'] as const)('comes to what the design asks with %s uplinks', (uplinks) => {
    const { ratio, evenness, completed } = once({ peers: 30, pieces: 400, uplinks });
    expect(completed).toBe(true);
    expect(ratio).toBeLessThanOrEqual(DESIGN[uplinks]);
    expect(evenness).toBeGreaterThan(LEAST_EVENNESS);
  });

  it('is near the bound where everybody has some neighbours of many, and those who came last are asked too', () => {
    const { ratio, evenness, completed, peers } = once({ peers: 40, pieces: 200 });
    expect(completed).toBe(true);
    expect(ratio).toBeLessThan(1.12);
    expect(evenness).toBeGreaterThan(LEAST_EVENNESS);
    const links = peers.flatMap(({ id, mostLinks }) => (id === 'seeder' ? [] : mostLinks));
    const { neighbours, fullMeshPeers } = SWARM_LIMITS;
    expect(Math.min(...links)).toBeGreaterThanOrEqual(neighbours);
    expect(Math.max(...links)).toBeLessThanOrEqual(fullMeshPeers);
  });

  it('costs those who stay little when half of the leechers die for good', () => {
    const { ratio, uplinkUse, ...bounds } = SHORT_TABLE.equal.bounds;
    const problems = problemsOf(runs({ ...SHORT_TABLE.equal.scenario, dying: 50 }, {}), {
      ...{ ...bounds, ratio: ratio + 0.025 },
      // Of all leechers' uplinks, also of those that are gone; what these had been sent was for nothing.
      ...{ uplinkUse: 0, wasted: 0.5 },
    });
    expect(problems).toEqual([]);
  });

  it('takes so few messages that a hundred peers and eight hundred pieces are simulated in seconds', () => {
    const [leechers, pieces] = [100, 100];
    const { events, completed } = once({ peers: leechers, pieces });
    expect(completed).toBe(true);
    // It stays the same for more pieces: 2.4 million are 100 x 800.
    expect(events / (leechers * pieces)).toBeLessThan(36);
  });

  it('never has the seeder repeat itself where everybody asks with a choice', () => {
    const results = runs({ peers: 16, pieces: 150 }, {});
    expect(mean(results, ({ seederRepeats }) => seederRepeats)).toBeLessThanOrEqual(1);
    const without = runs({ peers: 16, pieces: 150 }, PLANTED['no late binding']);
    expect(mean(without, ({ seederRepeats }) => seederRepeats)).toBeGreaterThan(5);
  });

  it('survives liars, churn, jitter and narrow downlinks', () => {
    const scenario: Scenario = { peers: 16, pieces: 80, liars: 3, churn: 40, jitterMs: 20 };
    for (const seed of SEEDS) {
      const options = optionsOf({ ...scenario, seed });
      const { completed, violations, longestRun, ratio } = new SwarmSimulation({
        ...options,
        downlink: 2 * options.seederUplink,
      }).run();
      expect({ completed, violations }).toEqual({ completed: true, violations: [] });
      expect(longestRun).toBeLessThanOrEqual(3);
      expect(ratio).toBeLessThan(2);
    }
  });
});

/** A large swarm, of which one seed has to do. */
function once(scenario: Scenario): SimulationResult {
  return new SwarmSimulation({ ...optionsOf(scenario), checksRules: false }).run();
}

const RESULTS = new Map<string, SimulationResult[]>();

/** One run for each seed; made once, for the same options give the same. */
function runs(scenario: Scenario, policy: PolicyOptions): SimulationResult[] {
  const key = JSON.stringify([scenario, policy]);
  const results = RESULTS.get(key) ?? simulate(scenario, policy);
  RESULTS.set(key, results);
  return results;
}

function simulate(
  scenario: Scenario,
  policy: PolicyOptions,
  sockets: NonNullable<SimulationOptions['sockets']> = 'none',
): SimulationResult[] {
  return SEEDS.map((seed) =>
    new SwarmSimulation({ ...optionsOf({ ...scenario, seed }), ...policy, sockets }).run(),
  );
}

function problemsOf(results: readonly SimulationResult[], bounds: Bounds): string[] {
  const figures = {
    ratio: mean(results, ({ ratio }) => ratio),
    wasted: mean(results, ({ wasted }) => wasted),
    uplinkUse: mean(results, ({ uplinkUse }) => uplinkUse),
    longestRun: Math.max(...results.map(({ longestRun }) => longestRun)),
    evenness: Math.min(...results.map(({ evenness }) => evenness)),
  };
  return [
    ...(results.every(({ completed }) => completed) ? [] : ['not complete']),
    ...(figures.ratio <= bounds.ratio ? [] : [`time / bound ${figures.ratio}`]),
    ...(figures.wasted <= bounds.wasted ? [] : [`bytes over ${figures.wasted}`]),
    ...(figures.uplinkUse >= bounds.uplinkUse ? [] : [`uplinks in use ${figures.uplinkUse}`]),
    ...(figures.evenness >= LEAST_EVENNESS ? [] : [`first done at ${figures.evenness} of the time`]),
    ...(figures.longestRun <= 2 ? [] : [`${figures.longestRun} in a row to one while others wait`]),
  ];
}

function mean(results: readonly SimulationResult[], of: (result: SimulationResult) => number): number {
  return results.reduce((sum, result) => sum + of(result), 0) / results.length;
}
