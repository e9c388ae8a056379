/**
 * One transfer by one system, from the command to download until the last leecher says that its file is whole, with
 * what both ends used, and a comparison of every byte with the source.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '../harness/figure.ts';
import type { Driven } from './driven.ts';
import type { Lab } from './lab.ts';
import { type SourceFile, sha256OfFile, warmMemory } from './source-file.ts';
import type { Leecher, Session, System } from './system.ts';

/** A system that is not there by then hangs. */
const PATIENCE_MS = 5 * 60_000;
const GIB = 2 ** 30;

export interface TransferOptions {
  readonly source: SourceFile;
  readonly folder: string;
  readonly lab: Lab;
  readonly mishap?: Mishap;
}

/** What happens to the last `leechers` of them, `afterSeconds` after the command; nobody waits for these. */
export interface Mishap {
  readonly kind: 'dies' | 'freezes';
  readonly leechers: number;
  readonly afterSeconds: number;
}

export interface Transfer {
  /** From the command until the last leecher, of those that live, was complete. */
  readonly seconds: number;
  /** The same, and before it the start of the slowest leecher; undefined where nothing tells when it could be told to download. */
  readonly secondsWithStart?: number;
  /** Until it is on the disk as well: what a program has left in the page cache is synced for it. */
  readonly secondsUntilSynced: number;
  /** Of all ends, by GiB that arrived. */
  readonly cpuSecondsPerGib: number;
  /** The most of any one of them. */
  readonly leecherPeakMib: number;
  readonly seederPeakMib: number;
}

/** Rejects when a program fails, hangs, or has a byte wrong. */
export async function runTransfer(system: System, options: TransferOptions): Promise<Transfer> {
  const { source, lab, mishap } = options;
  const folder = await mkdtemp(join(options.folder, 'round-'));
  try {
    await using session = await within(PATIENCE_MS, system.open({ source, folder, lab }));
    const survivors = session.leechers.slice(0, session.leechers.length - (mishap?.leechers ?? 0));
    // The page cache is the same for everybody: the source is in it, and there is room for what arrives.
    if ((await sha256OfFile(source.path)) !== source.sha256) throw new Error('The source has changed');
    await warmMemory(folder, source.bytes * session.leechers.length);
    return await measure(session, survivors, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  session: Session,
  survivors: readonly Leecher[],
  { source, mishap }: TransferOptions,
): Promise<Transfer> {
  const ends = [...session.seeders, ...survivors.map(({ process }) => process)];
  const before = await cpuSeconds(ends);
  const startedAt = performance.now();
  const downloads = session.leechers.map(async (leecher) => {
    const { path, seconds } = await leecher.download();
    return { path, seconds: seconds ?? (performance.now() - startedAt) / 1000 };
  });
  // Those of the dead fail, those of the frozen never end, and nobody waits for them.
  for (const download of downloads) download.catch(() => undefined);
  const happening = mishap === undefined ? undefined : letHappen(mishap, session.leechers);
  const arrivals = await within(PATIENCE_MS, Promise.all(downloads.slice(0, survivors.length)));
  const seconds = Math.max(...arrivals.map((arrival) => arrival.seconds));
  const cpu = (await cpuSeconds(ends)) - before;
  const secondsUntilSynced = seconds + (await secondsToSync(arrivals));
  await happening;
  const leecherPeakMib = await peakMib(survivors.map(({ process }) => process));
  const seederPeakMib = await peakMib(session.seeders);
  for (const { path } of arrivals) {
    if ((await sha256OfFile(path)) !== source.sha256) throw new Error(`Wrong bytes in ${path}`);
  }
  const starts = survivors.flatMap(({ readySeconds }) => (readySeconds === undefined ? [] : [readySeconds]));
  return {
    seconds,
    ...(starts.length === 0 ? {} : { secondsWithStart: seconds + Math.max(...starts) }),
    secondsUntilSynced,
    cpuSecondsPerGib: cpu / ((source.bytes * survivors.length) / GIB),
    leecherPeakMib,
    seederPeakMib,
  };
}

/** How long it takes to have the files on the disk. */
async function secondsToSync(arrivals: readonly { readonly path: string }[]): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(
    arrivals.map(async ({ path }) => {
      await using file = await open(path);
      await file.sync();
    }),
  );
  return (performance.now() - startedAt) / 1000;
}

async function letHappen(
  { kind, leechers: count, afterSeconds }: Mishap,
  leechers: readonly Leecher[],
): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, afterSeconds * 1000));
  const victims = leechers.slice(-count).map(({ process }) => process);
  await Promise.all(victims.map((victim) => (kind === 'dies' ? victim.kill() : victim.freeze())));
}

/** A transfer between one leecher and whoever seeds, as a sample. */
export function sampleOf(transfer: Transfer, { bytes }: SourceFile): Sample {
  const { seconds, secondsWithStart, secondsUntilSynced, ...used } = transfer;
  const megabytes = bytes / 1e6;
  return {
    mbPerSecond: megabytes / seconds,
    mbPerSecondSynced: megabytes / secondsUntilSynced,
    ...(secondsWithStart === undefined ? {} : { mbPerSecondWithStart: megabytes / secondsWithStart }),
    ...used,
  };
}

async function cpuSeconds(ends: readonly Driven[]): Promise<number> {
  const usages = await Promise.all(ends.map((end) => end.usage()));
  return usages.reduce((sum, usage) => sum + usage.cpuSeconds, 0);
}

async function peakMib(ends: readonly Driven[]): Promise<number> {
  return Math.max(...(await Promise.all(ends.map((end) => end.usage()))).map((usage) => usage.peakMib));
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Not done within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
