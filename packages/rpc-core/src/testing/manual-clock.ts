/**
 * A clock that stands still until it is told to go on, and then runs what is due in order: by time, and in the order of
 * scheduling where the time is the same.
 */
import type { Clock } from '../clock.ts';

/** A clock for tests and simulations. */
export interface ManualClock extends Clock {
  /** Tasks that wait for their time. */
  readonly scheduledTasks: number;
  /** When the next task is due, in milliseconds of `now()`; undefined when there is none. */
  readonly nextTaskAt: number | undefined;
  /** Goes on by `ms` and runs what falls due, each task at its own time. Microtasks do not run in between. */
  advance(ms: number): void;
  /** The same, letting microtasks (promises) run before, between and after the tasks. */
  advanceAsync(ms: number): Promise<void>;
  /** Runs tasks, however late they are due, until `isDone` or until none is left; answers whether `isDone`. */
  runUntil(isDone: () => boolean): Promise<boolean>;
}

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Promise chains of this many steps settle between two tasks. */
const MICROTASK_TURNS = 50;

/** A clock that starts at 0, with `wallStart` as its time of day. */
export function createManualClock(options: { readonly wallStart?: number } = {}): ManualClock {
  const wallStart = options.wallStart ?? 1_700_000_000_000;
  const tasks = createTaskHeap();
  let now = 0;
  let order = 0;

  function runNext(until: number): boolean {
    const task = tasks.first();
    if (task === undefined || task.at > until) return false;
    tasks.remove(task);
    now = Math.max(now, task.at);
    task.run();
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
    async runUntil(isDone) {
      await settle();
      while (!isDone()) {
        if (!runNext(Number.POSITIVE_INFINITY)) return false;
        await settle();
      }
      return true;
    },
  };
}

/** Lets promises that are due settle, and those that wait for them. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < MICROTASK_TURNS; turn++) await undefined;
}

interface TaskHeap {
  readonly size: number;
  first(): Task | undefined;
  add(task: Task): void;
  remove(task: Task): void;
}

/** A binary heap by time and order; removed tasks are dropped when they come to the top. */
function createTaskHeap(): TaskHeap {
  const heap: Task[] = [];
  const live = new Set<Task>();

  const isBefore = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

  function swap(i: number, j: number): void {
    const a = heap[i];
    const b = heap[j];
    if (a === undefined || b === undefined) return;
    heap[i] = b;
    heap[j] = a;
  }

  function isBeforeAt(i: number, j: number): boolean {
    const a = heap[i];
    const b = heap[j];
    return a !== undefined && b !== undefined && isBefore(a, b);
  }

  function siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBeforeAt(index, parent)) return;
      swap(index, parent);
      index = parent;
    }
  }

  function siftDown(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = isBeforeAt(left + 1, left) ? left + 1 : left;
      if (!isBeforeAt(child, index)) return;
      swap(index, child);
      index = child;
    }
  }

  function dropFirst(): void {
    swap(0, heap.length - 1);
    heap.pop();
    siftDown();
  }

  return {
    get size() {
      return live.size;
    },
    first() {
      for (;;) {
        const task = heap[0];
        if (task === undefined || live.has(task)) return task;
        dropFirst();
      }
    },
    add(task) {
      live.add(task);
      heap.push(task);
      siftUp(heap.length - 1);
    },
    remove(task) {
      live.delete(task);
    },
  };
}
