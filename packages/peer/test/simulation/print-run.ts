/** Simulates one swarm and prints what it came to; one that does not complete ends the program with code 1. */
import type { SimulationOptions } from './simulation-model.ts';
import { type SimulationResult, SwarmSimulation } from './swarm-simulation.ts';

/** `optimum` is that of whole pieces, as a multiple of the bound, where it is known. */
export function printRun(options: SimulationOptions, optimum: number | undefined): void {
  const startedAt = performance.now();
  const result = new SwarmSimulation({ ...options, checksRules: false }).run();
  const seconds = (performance.now() - startedAt) / 1_000;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const best = optimum === undefined ? '' : `, optimum ${optimum.toFixed(3)}`;
  console.log(
    [
      `time ${(result.timeMs / 1_000).toFixed(2)} s, bound ${(result.boundMs / 1_000).toFixed(2)} s (Kumar and Ross)`,
      `time / bound ${result.ratio.toFixed(3)}${best}`,
      `uplinks in use ${percent(result.uplinkUse)}, bytes over ${percent(result.wasted)}, ${result.duplicatePieces} pieces twice`,
      `fairness: ${result.longestRun} in a row to one while others wait, first done at ${percent(result.evenness)} of the time`,
      `the seeder repeated itself ${result.seederRepeats} times before it had sent everything`,
      `${result.events} messages in ${seconds.toFixed(1)} s, ${Math.round(result.events / seconds)}/s`,
    ].join('\n'),
  );
  requireCompleted(result);
}

function requireCompleted({ completed, timeMs }: SimulationResult): void {
  if (completed) return;
  console.log(`not complete after ${timeMs} ms`);
  process.exitCode = 1;
}
