/** An attack on one process: first a little of it, to warm everything up, then all of it while an honest client looks on. */
import { type AttackResult, attack, type Lane } from './attack.ts';
import { Child } from './child.ts';
import type { Corpus } from './corpus.ts';
import { attackHandshakes } from './handshakes.ts';
import type { Target } from './orders.ts';
import { judge, type ScenarioResult } from './report.ts';

export interface ScenarioOptions {
  readonly folder: string;
  readonly seed: number;
  readonly frames: number;
}

/** What takes the attacker's own rights away: one of the lanes asks for it, the others go deeper. */
const UNDOING: ReadonlySet<string> = new Set([
  'logout',
  'leave_group',
  'change_password',
  'revoke_device',
  'remove_member',
  'present_membership',
]);

/** Of the frames that are asked for, how many more are sent first so that all code is warm. */
export const WARM_UP = 0.15;

export interface Assault {
  readonly name: string;
  readonly victim: Child;
  readonly target: Target;
  readonly corpus: Corpus;
  readonly lanes: readonly Lane[];
}

export async function underAttack(options: ScenarioOptions, assault: Assault): Promise<ScenarioResult> {
  const { name, victim, target, corpus, lanes } = assault;
  const { seed, frames } = options;
  const over = new AbortController();
  void watchFor(victim, over);
  const common = { target, seed, signal: over.signal };
  const gentle = { ...corpus, messages: corpus.messages.filter((message) => !UNDOING.has(message.name)) };
  const strike = async (from: number, wanted: number): Promise<AttackResult> => {
    const [most, reckless] = await Promise.all([
      attack({ ...common, corpus: gentle, lanes: lanes.slice(1), from, frames: wanted * 0.8 }),
      attack({ ...common, corpus, lanes: lanes.slice(0, 1), from: from + 1e6, frames: wanted * 0.2 }),
    ]);
    return merged(most, reckless);
  };
  const warm = await strike(1e8, frames * WARM_UP);
  await attackHandshakes({ address: target.address, seed: seed + 1, handshakes: 50, signal: over.signal });
  if (victim.crash !== undefined) return crashed(name, [victim.crash, ...warm.findings, ...warm.last]);
  await using honest = new Child('the honest client', './honest.ts', { target, targetPid: victim.pid });
  await honest.started();
  victim.reset();
  honest.reset();
  const before = await victim.measure();
  victim.reset();
  const startedAt = performance.now();
  const [result, handshakes] = await Promise.all([
    strike(0, frames),
    attackHandshakes({
      address: target.address,
      seed,
      handshakes: Math.max(100, frames / 200),
      signal: over.signal,
    }),
  ]);
  const seconds = (performance.now() - startedAt) / 1_000;
  const findings = [...warm.findings, ...result.findings, ...handshakes.findings];
  if (victim.crash !== undefined) findings.push(victim.crash, ...result.last);
  const report = victim.crash === undefined ? await honest.report() : undefined;
  const after = victim.crash === undefined ? await settled(victim, before.sockets - 1) : before;
  over.abort();
  // The honest client was connected before, and is gone now.
  const facts = {
    name,
    frames: result.frames,
    handshakes: handshakes.handshakes,
    connections: result.connections,
  };
  const outcomes = result.outcomes;
  const beforeAll = { ...before, sockets: before.sockets - 1 };
  return judge({ ...facts, seconds, outcomes, findings, before: beforeAll, after, honest: report });
}

/** Where it ended before anything was measured. */
function crashed(name: string, findings: readonly string[]): ScenarioResult {
  const nothing = { rss: 0, heapUsed: 0, external: 0, sockets: 0, troubles: [] };
  const loop = { heldMs: 0, waitedMs: 0, maxDelayMs: 0, p99DelayMs: 0, noiseMs: 0 };
  const measured = { kind: 'measured', loop, ...nothing } as const;
  const facts = { name, findings, frames: 0, handshakes: 0, connections: 0, seconds: 0, outcomes: new Map() };
  return judge({ ...facts, before: measured, after: measured, honest: undefined });
}

/** Measures until no connection is left beyond those of the beginning, or it has taken too long. */
async function settled(victim: Child, sockets: number): Promise<Awaited<ReturnType<Child['measure']>>> {
  let measured = await victim.measure();
  const { loop } = measured;
  for (let tries = 0; measured.sockets > sockets && tries < 100; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    measured = await victim.measure();
  }
  // Measuring collects garbage, which takes as long as it takes.
  return { ...measured, loop };
}

/** Ends the run when the victim ends. */
export async function watchFor(victim: Child, over: AbortController): Promise<void> {
  while (!over.signal.aborted && victim.crash === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  over.abort();
}

function merged(a: AttackResult, b: AttackResult): AttackResult {
  const outcomes = new Map(a.outcomes);
  for (const [outcome, count] of b.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
  return {
    frames: a.frames + b.frames,
    batches: a.batches + b.batches,
    connections: a.connections + b.connections,
    outcomes,
    findings: [...a.findings, ...b.findings],
    last: [...a.last, ...b.last],
  };
}
