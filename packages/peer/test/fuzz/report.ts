/** What came of one scenario, judged and in words. */
import type { HonestReport, Measured } from './orders.ts';

const MIB = 1024 * 1024;
/** No turn of a loop may compute longer, and no sign of life take longer, without what the machine took. */
const MOST_MS = 50;
/** Waiting for a disk, or for a processor that a busy machine gave to others, shows as little else; this is no longer noise. */
const MOST_WAIT_MS = 1_000;
const MOST_GROWTH_BYTES = 64 * MIB;

export interface ScenarioResult {
  readonly name: string;
  readonly frames: number;
  readonly handshakes: number;
  readonly connections: number;
  readonly seconds: number;
  readonly heldMs: number;
  readonly waitedMs: number;
  readonly maxLoopDelayMs: number;
  readonly noiseMs: number;
  readonly pings: number;
  readonly worstPingMs: number;
  readonly worstOwnPingMs: number;
  readonly heapGrowthMiB: number;
  readonly rssGrowthMiB: number;
  readonly socketsLeft: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
}

export interface Facts {
  readonly name: string;
  readonly frames: number;
  readonly handshakes: number;
  readonly connections: number;
  readonly seconds: number;
  readonly outcomes: ReadonlyMap<string, number>;
  readonly findings: readonly string[];
  readonly before: Measured;
  readonly after: Measured;
  readonly honest: HonestReport | undefined;
}

export function judge(facts: Facts): ScenarioResult {
  const { before, after, honest } = facts;
  const heapGrowth = after.heapUsed + after.external - before.heapUsed - before.external;
  const rssGrowth = after.rss - before.rss;
  const noiseMs = after.loop.waitedMs + (honest?.waitedMs ?? 0);
  const wrong: readonly (readonly [boolean, string])[] = [
    [after.loop.heldMs > MOST_MS, `the loop was held for ${after.loop.heldMs.toFixed(1)} ms`],
    [after.loop.waitedMs > MOST_WAIT_MS, `the loop waited for ${after.loop.waitedMs.toFixed(1)} ms`],
    [
      (honest?.worstOwnMs ?? 0) > MOST_MS + Math.min(noiseMs, MOST_WAIT_MS),
      `a sign of life took ${honest?.worstOwnMs.toFixed(1)} ms`,
    ],
    [honest?.pings === 0, 'no sign of life was asked for'],
    [
      Math.max(heapGrowth, rssGrowth) > MOST_GROWTH_BYTES,
      `memory grew by ${toMib(rssGrowth)} MiB, the heap by ${toMib(heapGrowth)} MiB`,
    ],
    [after.sockets > before.sockets, `${after.sockets - before.sockets} connections are left`],
  ];
  const troubles = [...after.troubles, ...(honest?.troubles ?? [])];
  return {
    name: facts.name,
    frames: Math.floor(facts.frames),
    handshakes: facts.handshakes,
    connections: facts.connections,
    seconds: facts.seconds,
    heldMs: after.loop.heldMs,
    waitedMs: after.loop.waitedMs,
    maxLoopDelayMs: after.loop.maxDelayMs,
    noiseMs: after.loop.noiseMs,
    pings: honest?.pings ?? 0,
    worstPingMs: honest?.worstMs ?? 0,
    worstOwnPingMs: honest?.worstOwnMs ?? 0,
    heapGrowthMiB: toMib(heapGrowth),
    rssGrowthMiB: toMib(rssGrowth),
    socketsLeft: after.sockets - before.sockets,
    outcomes: Object.fromEntries([...facts.outcomes].sort((a, b) => b[1] - a[1])),
    findings: [
      ...facts.findings,
      ...wrong.flatMap(([isWrong, what]) => (isWrong ? [what] : [])),
      ...troubles,
    ],
  };
}

/** One scenario in a few lines. */
export function describeScenario(result: ScenarioResult): string {
  const outcomes = Object.entries(result.outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  return [
    `${result.name}: ${result.frames} frames and ${result.handshakes} handshakes over ${result.connections} connections ` +
      `in ${result.seconds.toFixed(1)} s (${(result.frames / result.seconds).toFixed(0)} frames/s)`,
    `  loop: held ${result.heldMs.toFixed(1)} ms at most, waiting ${result.waitedMs.toFixed(1)} ms (delay ${result.maxLoopDelayMs.toFixed(1)} ms, machine noise ${result.noiseMs.toFixed(1)} ms)`,
    `  signs of life: ${result.pings}, the slowest ${result.worstPingMs.toFixed(1)} ms, ${result.worstOwnPingMs.toFixed(1)} ms without the machine's part`,
    `  memory: heap ${result.heapGrowthMiB} MiB, resident ${result.rssGrowthMiB} MiB more than after warming up; connections left: ${result.socketsLeft}`,
    `  answers: ${outcomes.join(', ') || 'none counted'}`,
    ...result.findings.map((finding) => `  FOUND: ${finding}`),
  ].join('\n');
}

function toMib(bytes: number): number {
  return Math.round((bytes / MIB) * 10) / 10;
}
