/**
 * `node --conditions=@minitorrent/source packages/tracker/test/simulation/main.ts --seeds 10000 --from 1`
 *
 * Runs the simulator for so many seeds on all processors, and prints what was found. A failing seed is printed with its
 * options, and run again alone by `--seeds 1 --from <seed>`. `--planted <bug>` expects that the bug is found.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { addFaults, type FaultCounts, noFaults } from './fault-counts.ts';
import type { SimulatedBug } from './options.ts';
import { type SimulationResult, simulate } from './simulate.ts';

interface Share {
  readonly from: number;
  readonly step: number;
  readonly seeds: number;
  readonly planted: SimulatedBug | undefined;
}

interface Sum {
  events: number;
  acknowledgedWrites: number;
  authoritativeReads: number;
  /** Runs in which acknowledged writes were lost by what a person or a register did. */
  excused: number;
  readonly counts: FaultCounts;
  readonly failed: SimulationResult[];
}

if (isMainThread) await main();
else parentPort?.postMessage(runShare(workerData as Share));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      planted: { type: 'string' },
    },
  });
  const seeds = Number(values.seeds);
  const from = Number(values.from);
  // An unknown name plants nothing, and then nothing is found.
  const planted = values.planted as SimulatedBug | undefined;
  const startedAt = performance.now();
  const threads = Math.min(seeds, availableParallelism());
  const shares = Array.from({ length: threads }, (_, at) => ({
    from: from + at,
    step: threads,
    seeds,
    planted,
  }));
  const sums = await Promise.all(shares.map(runInThread));
  report(sums, { seeds, from, seconds: (performance.now() - startedAt) / 1_000, planted });
}

function runInThread(share: Share): Promise<Sum> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function runShare({ from, step, seeds, planted }: Share): Sum {
  const sum: Sum = {
    ...{ events: 0, acknowledgedWrites: 0, authoritativeReads: 0, excused: 0 },
    ...{ counts: noFaults(), failed: [] },
  };
  for (let done = 0; done * step < seeds - ((from - 1) % step) && sum.failed.length < 5; done += 1) {
    const result = simulate(from + done * step, planted);
    sum.events += result.events;
    sum.acknowledgedWrites += result.acknowledgedWrites;
    sum.authoritativeReads += result.authoritativeReads;
    if (result.excused !== undefined) sum.excused += 1;
    addFaults(sum.counts, result.counts);
    if (result.violation !== undefined) sum.failed.push(result);
  }
  return sum;
}

function report(
  sums: readonly Sum[],
  run: { seeds: number; from: number; seconds: number; planted: SimulatedBug | undefined },
): void {
  const counts = noFaults();
  for (const sum of sums) addFaults(counts, sum.counts);
  const failed = sums.flatMap((sum) => sum.failed).sort((a, b) => a.options.seed - b.options.seed);
  const total = (name: 'events' | 'acknowledgedWrites' | 'authoritativeReads' | 'excused'): number =>
    sums.reduce((all, sum) => all + sum[name], 0);
  for (const { options, violation, virtualMs } of failed) {
    console.log(
      `seed ${options.seed} after ${virtualMs.toFixed(0)} ms: ${violation}\n  ${JSON.stringify(options)}`,
    );
  }
  const { seeds, seconds } = run;
  console.log(
    `${seeds} seeds in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(0)}/s): ` +
      `${total('events')} events, ${total('acknowledgedWrites')} acknowledged writes, ` +
      `${total('authoritativeReads')} authoritative reads, ${total('excused')} excused, ${failed.length} failed`,
  );
  console.log(`faults: ${JSON.stringify(counts)}`);
  const isAsExpected = failed.length > 0 === (run.planted !== undefined);
  if (!isAsExpected) process.exitCode = 1;
}
