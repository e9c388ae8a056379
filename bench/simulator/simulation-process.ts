/**
 * Runs simulations of swarms in a process of its own, so that how long they take is theirs alone. One seed, so the same order
 * always comes to the same, but for the seconds.
 */
import { POLICIES, type PolicyName } from '../../packages/peer/test/simulation/policies.ts';
import { predictionOptions } from '../../packages/peer/test/simulation/prediction.ts';
import { optionsOf, type Scenario } from '../../packages/peer/test/simulation/scenarios.ts';
import type { SimulationOptions } from '../../packages/peer/test/simulation/simulation-model.ts';
import { SwarmSimulation } from '../../packages/peer/test/simulation/swarm-simulation.ts';
import { answerParent, startChild } from '../harness/child.ts';

export type SimulationOrder =
  | { readonly kind: 'scenario'; readonly scenario: Scenario; readonly policy: PolicyName }
  | { readonly kind: 'prediction'; readonly swarm: ShapedSwarm };

/** A swarm of real processes behind shaped uplinks, all of the same rate. */
export interface ShapedSwarm {
  readonly bytes: number;
  readonly leechers: number;
  readonly uplinkMbit: number;
}

export interface Simulated {
  /** Seconds in the swarm until the last leecher had everything. */
  readonly swarmSeconds: number;
  /** The same as a multiple of the bound of Kumar and Ross. */
  readonly timesBound: number;
  /** Seconds that it took to simulate. */
  readonly seconds: number;
}

/** The same as `simulate`, in another process. */
export async function simulateApart(order: SimulationOrder): Promise<Simulated> {
  await using child = await startChild(new URL(import.meta.url));
  return await child.ask<Simulated>(order);
}

// The figures send nothing but orders.
if (import.meta.main) answerParent(undefined, (order) => simulate(order as SimulationOrder));

export function simulate(order: SimulationOrder): Simulated {
  const simulation = new SwarmSimulation({ ...describe(order), checksRules: false });
  const startedAt = performance.now();
  const { timeMs, ratio, completed } = simulation.run();
  if (!completed) throw new Error(`The swarm was not complete after ${timeMs} ms`);
  return {
    swarmSeconds: timeMs / 1_000,
    timesBound: ratio,
    seconds: (performance.now() - startedAt) / 1_000,
  };
}

function describe(order: SimulationOrder): SimulationOptions {
  if (order.kind === 'scenario') {
    const { scenario, policy } = order;
    return { ...optionsOf(scenario), ...POLICIES[policy].options(scenario.peers) };
  }
  const { bytes, leechers, uplinkMbit } = order.swarm;
  const bytesPerMs = (uplinkMbit * 1e6) / 8 / 1_000;
  return { ...predictionOptions(bytes), leechers, seederUplink: bytesPerMs, leecherUplink: bytesPerMs };
}
