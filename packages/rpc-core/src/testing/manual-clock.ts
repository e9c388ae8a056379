/**
 * A clock that stands still until it is told to go on, and then runs what is due in order: by time, and in the order of
 * scheduling where the time is the same.
 */
import type { Clock } from '../clock.ts';
import { createTaskHeap } from './task-heap.ts';

/** A clock for tests and simulations. */
export interface ManualClock extends Clock {
  /** Tasks that wait for their time. */
  readonly scheduledTasks: number;
  /** When the next task is due, in milliseconds of `now()`; undefined when there is none. */
  readonly nextTaskAt: number | undefined;
  /** Goes on by `ms` and runs what falls due, each task at its own time. Promises do not settle in between. */
  advance(ms: number): void;
  /** The same, letting promises settle before, between and after the tasks. */
  advanceAsync(ms: number): Promise<void>;
  /** Goes on, from task to task, until `isDone` or until no task is left; answers whether `isDone`. */
  runUntil(isDone: () => boolean): Promise<boolean>;
  /** Goes on, from task to task, until `promise` settles, and answers it; throws when no task is left before that. */
  runUntilSettled<T>(promise: Promise<T>): Promise<T>;
}

/** What a manual clock is made of. */
export interface ManualClockOptions {
  /** Milliseconds since the Unix epoch at the clock's beginning. */
  readonly wallStart?: number;
  /** Lets all promises settle that can. */
  readonly settle: () => Promise<void>;
}

/** 14 November 2023: any fixed day does. */
const WALL_START = 1_700_000_000_000;

/** A clock that starts at 0. */
export function createManualClockWith(options: ManualClockOptions): ManualClock {
  const { wallStart = WALL_START, settle } = options;
  const tasks = createTaskHeap();
  let now = 0;
  let order = 0;

  function runNext(until: number): boolean {
    const task = tasks.first();
    if (task === undefined || task.at > until) return false;
    tasks.remove(task);
    now = task.at;
    task.run();
    return true;
  }

  async function runUntil(isDone: () => boolean): Promise<boolean> {
    await settle();
    while (!isDone()) {
      if (!runNext(Number.POSITIVE_INFINITY)) return false;
      await settle();
    }
    return true;
  }

  return {
    now: () => now,
    wallNow: () => wallStart + now,
    schedule(delayMs, run) {
      const task = { at: now + Math.max(0, delayMs), order: order++, run };
      tasks.add(task);
      return () => tasks.remove(task);
    },
    get scheduledTasks() {
      return tasks.size;
    },
    get nextTaskAt() {
      return tasks.first()?.at;
    },
    advance(ms) {
      const until = now + ms;
      while (runNext(until));
      now = until;
    },
    async advanceAsync(ms) {
      const until = now + ms;
      await settle();
      while (runNext(until)) await settle();
      now = until;
    },
    runUntil,
    async runUntilSettled(promise) {
      let isSettled = false;
      const mark = (): void => {
        isSettled = true;
      };
      promise.then(mark, mark);
      if (await runUntil(() => isSettled)) return promise;
      throw new Error('Cannot go on: nothing is scheduled and the promise is not settled');
    },
  };
}
