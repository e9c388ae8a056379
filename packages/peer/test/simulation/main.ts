/**
 * `pnpm simulate:swarm` simulates one swarm of the real cores and prints what it came to; its options are below.
 */
import { parseArgs } from 'node:util';
import { POLICIES, type PolicyName } from './policies.ts';
import { predictionOptions } from './prediction.ts';
import { printRun } from './print-run.ts';
import { printTable } from './print-table.ts';
import { optionsOf, type Scenario } from './scenarios.ts';
import { discreteOptimum } from './swarm-figures.ts';

/** The sizes of the design. */
const COLUMNS: readonly Scenario[] = [
  { peers: 30, pieces: 200 },
  { peers: 30, pieces: 800 },
  { peers: 100, pieces: 400 },
  { peers: 50, pieces: 400, uplinks: 'unequal' },
];

const USAGE = `Usage: pnpm simulate:swarm [options]

Simulates one swarm, a seeder and its leechers, with the real cores, and prints what it came to.

  --peers 30           leechers
  --pieces 400         pieces of the file, each of which takes 50 ms at the seeder's uplink
  --policy default     one of ${Object.keys(POLICIES).join(', ')}
  --uplinks equal      equal, or unequal: from a quarter of the seeder's to four times it
  --downlink none      of every leecher, in multiples of the seeder's uplink; none: only uplinks limit
  --sockets none       what a connection takes before it has left: none, endless, or windowed (endless, but
                       uploaders keep to their window, as they do on a real wire)
  --delay 5            milliseconds from peer to peer
  --jitter 0           milliseconds more, at random
  --churn 0            percent of the leechers that vanish once and come back
  --dying 0            percent of the leechers that vanish for good at a third of the bound
  --liars 0            peers that only lie
  --seed 1             of all chance

  --table              compares the policies instead: at the sizes of the design, or at --peers and --pieces
                       with the options of a swarm above, where either of them is given
  --predict            one seeder and eight leechers at 100 Mbit/s, as the bench measures them
  --mib 256            size of the file that --predict is about
  --help               prints this
`;

const SOCKETS = ['none', 'endless', 'windowed'] as const;
const UPLINKS = ['equal', 'unequal'] as const;

const values = readOptions();
if (values.help) console.log(USAGE);
else orUsage(run);

function readOptions() {
  return orUsage(
    () =>
      parseArgs({
        options: {
          ...{ peers: { type: 'string' }, pieces: { type: 'string' }, downlink: text('none') },
          ...{ policy: text('default'), uplinks: text('equal'), sockets: text('none'), delay: text('5') },
          ...{ jitter: text('0'), churn: text('0'), dying: text('0'), liars: text('0'), seed: text('1') },
          ...{ table: flag(), predict: flag(), mib: text('256'), help: flag() },
        },
      }).values,
  );
}

function run(): void {
  if (values.table) printTable((values.peers ?? values.pieces) ? [readScenario()] : COLUMNS);
  else if (values.predict) predict();
  else simulate();
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

function simulate(): void {
  const policy = policyNamed(values.policy);
  const scenario = readScenario();
  const sockets = oneOf('sockets', SOCKETS);
  const { peers, pieces, uplinks } = scenario;
  console.log(`${peers} leechers, ${pieces} pieces, ${uplinks} uplinks, ${POLICIES[policy].title}`);
  const optimum = uplinks === 'equal' ? discreteOptimum({ leechers: peers, pieces }) : undefined;
  printRun({ ...optionsOf(scenario), ...POLICIES[policy].options(peers), sockets }, optimum);
}

function predict(): void {
  const options = predictionOptions(count('mib', 1) * 2 ** 20);
  const { leechers, pieces, pieceLength } = options;
  console.log(
    `1 -> ${leechers} at 100 Mbit/s, ${values.mib} MiB in ${pieces} pieces of ${pieceLength / 1024} KiB`,
  );
  printRun(options, discreteOptimum(options));
}

function readScenario(): Scenario {
  return {
    ...{ peers: count('peers', 1, '30'), pieces: count('pieces', 1, '400') },
    ...{ uplinks: oneOf('uplinks', UPLINKS), delayMs: count('delay', 0), jitterMs: count('jitter', 0) },
    ...{ churn: count('churn', 0), dying: count('dying', 0), liars: count('liars', 0) },
    ...(values.downlink === 'none' ? {} : { downlink: count('downlink', 0.01) }),
    seed: count('seed', 0),
  };
}

function policyNamed(name: string): PolicyName {
  if (Object.hasOwn(POLICIES, name)) return name as PolicyName; // a key of POLICIES, as was just asked
  throw new RangeError(`No policy ${name}: there are ${Object.keys(POLICIES).join(', ')}`);
}

function oneOf<T extends string>(name: 'uplinks' | 'sockets', wanted: readonly T[]): T {
  const found = wanted.find((each) => each === values[name]);
  if (found !== undefined) return found;
  throw new RangeError(`Cannot simulate --${name} ${values[name]}, expected ${wanted.join(', ')}`);
}

function count(
  name: Exclude<keyof typeof values, 'policy' | 'uplinks' | 'sockets' | 'table' | 'predict' | 'help'>,
  least: number,
  standard = '',
): number {
  const given = values[name] ?? standard;
  const value = Number(given);
  if (given !== '' && value >= least) return value;
  throw new RangeError(`Cannot simulate --${name} ${given}, expected a number of ${least} or more`);
}

function text<T extends string>(standard: T): { type: 'string'; default: T } {
  return { type: 'string', default: standard };
}

function flag(): { type: 'boolean'; default: boolean } {
  return { type: 'boolean', default: false };
}
