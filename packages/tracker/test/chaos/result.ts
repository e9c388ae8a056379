/** What a run found, and how it is told. */
import type { ChaosOptions } from './options.ts';
import type { Outage } from './outages.ts';
import type { FaultKind } from './plan.ts';

export interface FaultRecord extends Outage {
  readonly kind: FaultKind;
  /** Since the run began. */
  readonly atMs: number;
  /** From the fault until a tracker became primary that was not; undefined where none did. */
  readonly takeoverMs: number | undefined;
}

export interface ChaosResult extends Pick<ChaosOptions, 'journal' | 'seed' | 'clients' | 'cutBy'> {
  /** It came to its end, and nothing was found that must not be. */
  readonly isGood: boolean;
  readonly seconds: number;
  readonly kills: number;
  readonly acknowledgedWrites: number;
  /** Names that somebody else was faster to get. */
  readonly refusedWrites: number;
  readonly reads: number;
  /** Of the journal, all of which were looked at. */
  readonly entries: number;
  /** Entries that bind a device; every other one is an acknowledged write. */
  readonly binds: number;
  /** Errors that led clients to another try, by code. */
  readonly retries: Readonly<Record<string, number>>;
  readonly faults: readonly FaultRecord[];
  readonly lost: readonly string[];
  readonly duplicates: readonly string[];
  readonly violations: readonly string[];
  /** Where the data of a run is in which something was found. */
  readonly folder: string | undefined;
  readonly schedule: readonly string[];
}

/** Times of one kind of fault: how many, and what they cost in milliseconds. */
export interface KindSummary {
  readonly count: number;
  readonly first: Percentiles;
  readonly every: Percentiles;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By kind, in the order in which they first happened. */
export function summarize(faults: readonly FaultRecord[]): Readonly<Record<string, KindSummary>> {
  const kinds = Map.groupBy(faults, ({ kind }) => kind);
  return Object.fromEntries(
    [...kinds].map(([kind, records]) => [
      kind,
      {
        count: records.length,
        first: percentilesOf(records.map(({ firstMs }) => firstMs)),
        every: percentilesOf(records.map(({ everyMs }) => everyMs)),
      },
    ]),
  );
}

/** What takes longest of those that `--require-p99-ms` is about: kills of a tracker that decides writes. */
export function failoverP99Ms(faults: readonly FaultRecord[]): number {
  const kills = faults.filter(({ kind }) => FAILOVERS.has(kind));
  return percentilesOf(kills.map(({ firstMs }) => firstMs)).p99;
}

const FAILOVERS: ReadonlySet<FaultKind> = new Set(['kill_primary', 'kill_primary_briefly', 'kill_tracker']);

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** For a person. */
export function describeResult(result: ChaosResult): string {
  const { faults, lost, duplicates, violations } = result;
  const rows = Object.entries(summarize(faults)).map(
    ([kind, { count, first, every }]) =>
      `  ${kind.padEnd(28)}${String(count).padStart(5)}${columns(first)}${columns(every)}`,
  );
  const found = [
    ...lost.map((what) => `LOST ${what}`),
    ...duplicates.map((what) => `TWICE ${what}`),
    ...violations,
  ];
  return [
    `${'  fault'.padEnd(30)}count   first write: p50   p99   max   every client: p50   p99   max   (ms)`,
    ...rows,
    `${result.kills} kills in ${result.seconds} s on ${result.journal}, seed ${result.seed}, ${result.clients} clients, cut by ${result.cutBy}:`,
    `${result.acknowledgedWrites} acknowledged writes, ${result.refusedWrites} refused for their names, ${result.reads} reads, ${result.entries} entries, ${result.binds} of them devices;`,
    `tried again: ${JSON.stringify(result.retries)}`,
    `${lost.length} lost, ${duplicates.length} given twice, ${violations.length} other violations`,
    ...found.slice(0, 20),
    ...(result.folder === undefined ? [] : [`the data of this run is kept in ${result.folder}`]),
  ].join('\n');
}

function columns({ p50, p99, max }: Percentiles): string {
  return [`${p50}`.padStart(19), `${p99}`.padStart(6), `${max}`.padStart(6)].join('');
}
