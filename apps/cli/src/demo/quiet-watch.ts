/**
 * Notices when nothing gets on any more: a demonstration that hangs has failed, however politely its processes report.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { CliError } from '../cli-error.ts';
import type { JsonLine } from '../output/reports.ts';

export interface QuietWatch extends Disposable {
  /** Rejects after `quietMs` without news; never resolves. */
  readonly timedOut: Promise<never>;
  /** Judges a report of `name`: progress that stands still is no news. */
  see(name: string, line: JsonLine): void;
}

export function createQuietWatch(options: { readonly clock: Clock; readonly quietMs: number }): QuietWatch {
  const { clock, quietMs } = options;
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  timedOut.catch(() => undefined);
  const furthest = new Map<string, number>();
  const start = () =>
    clock.schedule(quietMs, () =>
      reject(new CliError('timed_out', `Nothing has happened for ${Math.round(quietMs / 1000)} seconds`)),
    );
  let cancel = start();
  return {
    timedOut,
    see(name, line) {
      if (line.type === 'progress') {
        const done = line.activity === 'hash' ? line.hashedBytes : line.download.verifiedBytes;
        if (done <= (furthest.get(name) ?? -1)) return;
        furthest.set(name, done);
      }
      cancel();
      cancel = start();
    },
    [Symbol.dispose]: () => cancel(),
  };
}
