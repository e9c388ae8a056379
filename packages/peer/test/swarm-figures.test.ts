/** How good the schedule is, on virtual time, so the same on every machine; and that a worse one would be noticed. */
import { describe, expect, it } from 'vitest';
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
    bounds: { ratio: 1.115, wasted: 0.012, uplinkUse: 0.68 },
  },
};
const SEEDS = [1, 2, 3];

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
  ] as const)('would be seen to have %s', (bug, row, found) => {
    const { scenario, bounds } = SHORT_TABLE[row];
    expect(problemsOf(runs(scenario, PLANTED[bug]), bounds).join()).toContain(found);
  });

  it.each(['equal', 'unequal'] as const)(
    'with %s uplinks stays near the bound where sockets take all that they are given, as pieces are held back',
    (row) => {
      const { scenario, bounds } = SHORT_TABLE[row];
      const windowed = simulate(scenario, {}, 'windowed');
      expect(
        problemsOf(windowed, { ...bounds, ratio: bounds.ratio + 0.035, wasted: 0.03, uplinkUse: 0.6 }),
      ).toEqual([]);
      const endless = simulate(scenario, {}, 'endless');
      expect(mean(endless, ({ ratio }) => ratio)).toBeGreaterThan(1.2);
    },
  );

  it('predicts for a real swarm what is near the bound with its headers', () => {
    const { ratio, completed } = new SwarmSimulation({ ...predictionOptions(), checksRules: false }).run();
    expect(completed).toBe(true);
    expect(ratio).toBeLessThan(1.12);
  });

  it('is better than the policies that it replaces, in the order of the design', () => {
    const order: readonly PolicyName[] = ['default', 'budget', 'rarest-first', 'in-order'];
    const ratios = order.map((name) =>
      mean(runs({ peers: 12, pieces: 100 }, POLICIES[name].options(12)), ({ ratio }) => ratio),
    );
    expect(ratios.toSorted((a, b) => a - b)).toEqual(ratios);
    expect(ratios.at(-1)).toBeGreaterThan(8);
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
  };
  return [
    ...(results.every(({ completed }) => completed) ? [] : ['not complete']),
    ...(figures.ratio <= bounds.ratio ? [] : [`time / bound ${figures.ratio}`]),
    ...(figures.wasted <= bounds.wasted ? [] : [`bytes over ${figures.wasted}`]),
    ...(figures.uplinkUse >= bounds.uplinkUse ? [] : [`uplinks in use ${figures.uplinkUse}`]),
    ...(figures.longestRun <= 2 ? [] : [`${figures.longestRun} in a row to one while others wait`]),
  ];
}

function mean(results: readonly SimulationResult[], of: (result: SimulationResult) => number): number {
  return results.reduce((sum, result) => sum + of(result), 0) / results.length;
}
