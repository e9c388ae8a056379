/**
 * `pnpm fuzz [--frames 20000] [--seed 1] [--flips 0] [--target tracker] [--json]`
 *
 * Sends mutated frames and handshakes to a live tracker and to a live peer, and mutated answers to a live caller, each a process
 * of its own, over real sockets: as devices that are logged in and as strangers. While that goes on an honest client asks for
 * signs of life. A run fails when a process ends or notes a trouble, when a loop is held or a sign of life takes longer than
 * 50 ms (without what the machine took), when memory grows by 64 MiB, or when a connection is left. With `--flips` single bits
 * are flipped too: in frames, in what a peer and a tracker keep on disk, and on the wire.
 */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { flipEverything } from './flips/flip-everything.ts';
import { describeScenario, type ScenarioResult } from './report.ts';
import { fuzzCaller, fuzzPeer, fuzzTracker } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    flips: { type: 'string', default: '0' },
    target: { type: 'string', multiple: true, default: ['tracker', 'peer', 'caller'] },
    json: { type: 'boolean', default: false },
  },
});
/** A tracker has the most messages. */
const TARGETS = [
  { target: 'tracker', share: 0.45, fuzz: fuzzTracker },
  { target: 'peer', share: 0.3, fuzz: fuzzPeer },
  { target: 'caller', share: 0.25, fuzz: fuzzCaller },
] as const;

const frames = wholeNumber('frames', values.frames);
const flips = wholeNumber('flips', values.flips);
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('seed', values.seed);
const folder = await mkdtemp(join(tmpdir(), 'minitorrent-fuzz-'));
try {
  process.exitCode = (await run()) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function run(): Promise<boolean> {
  const startedAt = performance.now();
  const options = { folder, seed };
  const scenarios: ScenarioResult[] = [];
  for (const { target, share, fuzz } of TARGETS) {
    if (frames === 0 || !values.target.includes(target)) continue;
    const scenario = await fuzz({ ...options, frames: Math.ceil(frames * share) });
    if (!values.json) console.log(describeScenario(scenario));
    scenarios.push(scenario);
  }
  const flipped = flips > 0 ? await flipEverything({ ...options, flips }) : [];
  const seconds = (performance.now() - startedAt) / 1_000;
  const isGood =
    scenarios.every(({ findings }) => findings.length === 0) &&
    flipped.every(({ missed }) => missed.length === 0);
  if (values.json) console.log(JSON.stringify({ seed, seconds, isGood, scenarios, flips: flipped }));
  else {
    for (const { what, flips: count, harmless, missed } of flipped) {
      console.log(
        `flips: ${what}: ${count} bits, ${count - harmless - missed.length} detected, ${harmless} without effect, ${missed.length} missed`,
      );
      for (const each of missed.slice(0, 5)) console.log(`  missed: ${each}`);
    }
    console.log(`seed ${seed}: ${isGood ? 'nothing found' : 'FOUND SOMETHING'} in ${seconds.toFixed(1)} s`);
  }
  return isGood;
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new RangeError(`Cannot use --${name} ${text}: expected a whole number`);
}
