/**
 * Some tasks at a time, some waiting, and `busy` for the rest: for work that is expensive enough to be an attack.
 */
import { TrackerError } from './errors.ts';

export interface WorkQueueOptions {
  /** Tasks at a time. */
  readonly atOnce: number;
  /** Tasks that wait. */
  readonly queued: number;
  /** What a refused caller is told. */
  readonly busy: string;
}

export interface WorkQueue {
  /** Runs `task` when its turn comes. Fails with `busy` when too many wait, and as the task does. An abort gives up the place. */
  run<T>(task: () => Promise<T>, options?: { readonly signal?: AbortSignal }): Promise<T>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const waiting = new Set<() => void>();
  let running = 0;

  async function begin(signal: AbortSignal | undefined): Promise<void> {
    if (running < options.atOnce) {
      running += 1;
      return;
    }
    if (waiting.size >= options.queued) throw new TrackerError('busy', options.busy);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      if (waiting.delete(resolve)) reject(signal?.reason);
    };
    waiting.add(resolve);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Hands the place on, so that nobody can slip in between. */
  function end(): void {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    run: async (task, { signal } = {}) => {
      signal?.throwIfAborted();
      await begin(signal);
      try {
        return await task();
      } finally {
        end();
      }
    },
  };
}
