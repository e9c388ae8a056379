/**
 * `pnpm chaos --kills 200 --journal sqlite|postgres [--seed N] [--clients N] [--require-p99-ms 3000] [--json] [--verbose]`
 *
 * Runs real trackers under load, kills, stops and cuts them, and exits with 1 when anything that was acknowledged is lost,
 * a name was given twice, or a promise was broken otherwise. Where this machine lets it, the run has a network namespace of
 * its own, in which cables are cut by the kernel; elsewhere they are proxies.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { NAMESPACE_STEPS } from './kernel-cables.ts';
import type { ChaosOptions } from './options.ts';
import { CHAOS_BUGS } from './orders.ts';
import { type ChaosResult, describeResult, failoverP99Ms, summarize } from './result.ts';
import { runChaos } from './run-chaos.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '25' },
    journal: { type: 'string', default: 'sqlite' },
    seed: { type: 'string' },
    clients: { type: 'string', default: '32' },
    planted: { type: 'string' },
    'require-p99-ms': { type: 'string', default: 'Infinity' },
    json: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    /** Set by itself, in the process that has a namespace of its own. */
    inside: { type: 'boolean', default: false },
  },
});

if (values.inside || !mayHaveNamespace()) await runHere();
else await runInNamespace();

async function runHere(): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stop.abort(new Error(`ended by ${signal}`)));
  }
  const options = readOptions();
  const onEvent = (text: string): void => {
    if (values.verbose) process.stderr.write(`${text}\n`);
  };
  const result = await runChaos(options, { signal: stop.signal, onEvent });
  const p99Ms = failoverP99Ms(result.faults);
  const isSlow = p99Ms > Number(values['require-p99-ms']);
  if (!result.isGood && !values.json) process.stdout.write(`${result.schedule.join('\n')}\n`);
  process.stdout.write(values.json ? `${toJson(result)}\n` : `${describeResult(result)}\n`);
  if (isSlow)
    process.stderr.write(`failover took ${p99Ms} ms, and at most ${values['require-p99-ms']} was wanted\n`);
  process.exitCode = result.isGood && !isSlow ? 0 : 1;
}

/** The same again, in a process that is its own network; it ends with this one. */
async function runInNamespace(): Promise<void> {
  const inside = [
    'setpriv',
    '--pdeathsig',
    'TERM',
    'unshare',
    '--net',
    process.execPath,
    ...process.execArgv,
  ];
  const [command = '', ...parameters] = [
    ...inside,
    import.meta.filename,
    ...process.argv.slice(2),
    '--inside',
  ];
  const child = spawn(command, parameters, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  process.exitCode = typeof code === 'number' ? code : 1;
}

function mayHaveNamespace(): boolean {
  if (process.platform !== 'linux') return false;
  const probe = spawnSync('unshare', ['--net', 'ip', '-batch', '-'], { input: NAMESPACE_STEPS.join('\n') });
  return probe.status === 0;
}

function readOptions(): ChaosOptions {
  const { journal } = values;
  if (journal !== 'sqlite' && journal !== 'postgres') throw new RangeError(`There is no journal ${journal}`);
  const planted = CHAOS_BUGS.find((bug) => bug === values.planted);
  if (planted !== values.planted)
    throw new RangeError(`Cannot plant ${values.planted}: expected ${CHAOS_BUGS.join(', ')}`);
  return {
    ...{ journal, planted, cutBy: values.inside ? 'network namespace' : 'proxies' },
    kills: Number(values.kills),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(values.seed),
    clients: Number(values.clients),
  };
}

function toJson({ schedule, ...result }: ChaosResult): string {
  const kinds = summarize(result.faults);
  return JSON.stringify({ ...result, kinds, ...(result.isGood ? {} : { schedule }) });
}
