/** How steadily downloads get on: the longest time in which one of them, under way, got no byte. */
import type { Clock } from '@minitorrent/rpc-core';
import type { JsonLine } from '../output/reports.ts';

export interface TransferWatch {
  /** Resolves when a download has `part` (0 to 1) of its file, or is over. */
  reached(part: number): Promise<void>;
  see(name: string, line: JsonLine): void;
  /** Since `reset`, in milliseconds; as exact as progress is reported. */
  readonly longestPauseMs: number;
  /** Forgets the pauses so far. */
  reset(): void;
}

export function createTransferWatch(clock: Clock): TransferWatch {
  const latest = new Map<string, { readonly bytes: number; readonly atMs: number }>();
  const waiting: { readonly part: number; readonly resolve: () => void }[] = [];
  let longestPauseMs = 0;

  const got = (name: string, bytes: number): void => {
    const before = latest.get(name);
    if (before !== undefined && bytes <= before.bytes) return;
    const atMs = clock.now();
    if (before !== undefined) longestPauseMs = Math.max(longestPauseMs, atMs - before.atMs);
    latest.set(name, { bytes, atMs });
  };

  return {
    reached(part) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ part, resolve });
      return promise;
    },
    see(name, line) {
      if (line.type === 'result' && line.command === 'download_file') {
        latest.delete(name);
        for (const { resolve } of waiting) resolve();
      }
      if (line.type !== 'progress' || line.activity !== 'download') return;
      const { verifiedBytes, totalBytes } = line.download;
      got(name, verifiedBytes);
      for (const { part, resolve } of waiting) if (verifiedBytes >= part * totalBytes) resolve();
    },
    get longestPauseMs() {
      return longestPauseMs;
    },
    reset() {
      longestPauseMs = 0;
    },
  };
}
