/**
 * Keeps the list of what is going on and has it shown at intervals, for as long as there is something to show.
 *
 * It asks for samples; nothing that works has to report by itself.
 */
import type { Clock } from '@minitorrent/rpc-core';
import type { ProgressSample, Reporter } from './reports.ts';

export interface ProgressBoard {
  /** Shows what `sample` answers until the returned function is called. */
  watch(sample: () => ProgressSample): () => void;
  /** Shows nothing any more. */
  close(): void;
}

export function createProgressBoard(options: {
  readonly clock: Clock;
  readonly reporter: Pick<Reporter, 'progress' | 'progressIntervalMs'>;
}): ProgressBoard {
  const { clock, reporter } = options;
  const watched = new Set<() => ProgressSample>();
  let cancelTick: (() => void) | undefined;

  const show = () => reporter.progress(Array.from(watched, (sample) => sample()));
  const tick = () => {
    show();
    cancelTick = clock.schedule(reporter.progressIntervalMs, tick);
  };
  const stopIfIdle = () => {
    if (watched.size > 0 || cancelTick === undefined) return;
    cancelTick();
    cancelTick = undefined;
    show();
  };

  return {
    watch(sample) {
      watched.add(sample);
      cancelTick ??= clock.schedule(reporter.progressIntervalMs, tick);
      return () => {
        watched.delete(sample);
        stopIfIdle();
      };
    },
    close() {
      watched.clear();
      stopIfIdle();
    },
  };
}
