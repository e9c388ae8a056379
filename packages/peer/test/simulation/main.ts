/**
 * `pnpm simulate:swarm` simulates one swarm of the real cores and prints what it came to; its options are below.
 */
import { parseArgs } from 'node:util';
import { POLICIES, type PolicyName } from './policies.ts';
import { predictionOptions } from './prediction.ts';
import { optionsOf, type Scenario } from './scenarios.ts';
import type { SimulationOptions } from './simulation-model.ts';
import { discreteOptimum } from './swarm-figures.ts';
import { type SimulationResult, SwarmSimulation } from './swarm-simulation.ts';

const COLUMNS: readonly Scenario[] = [
  { peers: 30, pieces: 200 },
  { peers: 30, pieces: 800 },
  { peers: 100, pieces: 400 },
  { peers: 50, pieces: 400, uplinks: 'unequal' },
];
const ROWS = ['in-order', 'random', 'rarest-first', 'deep', 'no-endgame', 'budget', 'default'] as const;

const USAGE = `Usage: pnpm simulate:swarm [options]

Simulates one swarm, a seeder and its leechers, with the real cores, and prints what it came to.

  --peers 30           leechers
  --pieces 400         pieces of the file, each of which takes 50 ms at the seeder's uplink
  --policy default     one of ${Object.keys(POLICIES).join(', ')}
  --uplinks equal      equal, or unequal: from a quarter of the seeder's to four times it
  --sockets none       what a connection takes before it has left: none, endless, or windowed (endless, but
                       uploaders keep to their window, as they do on a real wire)
  --delay 5            milliseconds from peer to peer
  --jitter 0           milliseconds more, at random
  --churn 0            percent of the leechers that vanish once and come back
  --liars 0            peers that only lie
  --seed 1             of all chance

  --table              compares the policies instead
  --predict            one seeder and eight leechers at 100 Mbit/s with 256 MiB, as the bench measures them
  --help               prints this
`;

const SOCKETS = ['none', 'endless', 'windowed'] as const;

const values = readOptions();
if (values.help) console.log(USAGE);
else orUsage(run);

function readOptions() {
  return orUsage(
    () =>
      parseArgs({
        options: {
          ...{ peers: text('30'), pieces: text('400'), policy: text('default'), uplinks: text('equal') },
          ...{ delay: text('5'), jitter: text('0'), churn: text('0'), liars: text('0'), seed: text('1') },
          ...{ sockets: text('none'), table: flag(), predict: flag(), help: flag() },
        },
      }).values,
  );
}

function run(): void {
  if (values.table) printTable();
  else if (values.predict) printPrediction();
  else printRun();
}

/** Options that make no sense end the program with the usage and code 2. */
function orUsage<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    const isOfParser = error instanceof TypeError && 'code' in error;
    if (!(isOfParser || error instanceof RangeError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(2);
  }
}

function printRun(): void {
  const policy = policyNamed(values.policy);
  const uplinks = oneOf('uplinks', ['equal', 'unequal']);
  const sockets = oneOf('sockets', SOCKETS);
  const scenario: Scenario = {
    ...{ peers: count('peers', 1), pieces: count('pieces', 1), uplinks, delayMs: count('delay', 0) },
    ...{ jitterMs: count('jitter', 0), churn: count('churn', 0), liars: count('liars', 0) },
    seed: count('seed', 0),
  };
  const { peers, pieces } = scenario;
  console.log(`${peers} leechers, ${pieces} pieces, ${uplinks} uplinks, ${POLICIES[policy].title}`);
  const optimum = uplinks === 'equal' ? discreteOptimum({ leechers: peers, pieces }) : undefined;
  report({ ...optionsOf(scenario), ...POLICIES[policy].options(peers), sockets }, optimum);
}

function printPrediction(): void {
  const options = predictionOptions();
  const { leechers, pieces, pieceLength } = options;
  console.log(
    `1 -> ${leechers} at 100 Mbit/s, ${(pieces * pieceLength) / 2 ** 20} MiB in ${pieces} pieces of ${pieceLength / 1024} KiB`,
  );
  report(options, discreteOptimum(options));
}

function report(options: SimulationOptions, optimum: number | undefined): void {
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

function printTable(): void {
  const heads = COLUMNS.map(({ peers, pieces, uplinks }) => {
    const name = `N=${peers} M=${pieces}`;
    return uplinks === 'unequal' ? `unequal ${name}` : name;
  });
  console.log(`| time / bound | ${heads.join(' | ')} |`);
  console.log(`| --- |${' --- |'.repeat(heads.length)}`);
  for (const name of ROWS) {
    const figures = COLUMNS.map((column) => {
      const options = { ...optionsOf(column), ...POLICIES[name].options(column.peers), checksRules: false };
      return new SwarmSimulation(options).run().ratio.toFixed(3);
    });
    console.log(`| ${POLICIES[name].title} | ${figures.join(' | ')} |`);
  }
  const best = COLUMNS.map(({ peers, pieces, uplinks }) =>
    uplinks === 'unequal' ? '' : discreteOptimum({ leechers: peers, pieces }).toFixed(3),
  );
  console.log(`| optimum | ${best.join(' | ')} |`);
}

function requireCompleted({ completed, timeMs }: SimulationResult): void {
  if (completed) return;
  console.log(`not complete after ${timeMs} ms`);
  process.exitCode = 1;
}

function policyNamed(name: string): PolicyName {
  if (Object.hasOwn(POLICIES, name)) return name as PolicyName; // a key of POLICIES, as was just asked
  throw new RangeError(`No policy ${name}: there are ${Object.keys(POLICIES).join(', ')}`);
}

function oneOf<T extends string>(name: 'uplinks' | 'sockets', wanted: readonly T[]): T {
  const found = wanted.find((each) => each === values[name]);
  if (found === undefined)
    throw new RangeError(`Cannot simulate --${name} ${values[name]}, expected ${wanted.join(', ')}`);
  return found;
}

function count(
  name: 'peers' | 'pieces' | 'delay' | 'jitter' | 'churn' | 'liars' | 'seed',
  least: number,
): number {
  const value = Number(values[name]);
  if (value >= least) return value;
  throw new RangeError(`Cannot simulate --${name} ${values[name]}, expected a number of ${least} or more`);
}

function text<T extends string>(standard: T): { type: 'string'; default: T } {
  return { type: 'string', default: standard };
}

function flag(): { type: 'boolean'; default: boolean } {
  return { type: 'boolean', default: false };
}
