/**
 * A virtual clock: tasks run in the order of their times, equal times in the order of their making.
 */
export interface VirtualTime {
  readonly nowMs: number;
  at(atMs: number, task: () => void): void;
  after(delayMs: number, task: () => void): void;
  /** Runs tasks until `isDone`, or none is left, or `untilMs` has come. */
  run(options: { readonly isDone: () => boolean; readonly untilMs: number }): void;
}

interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

export function createVirtualTime(): VirtualTime {
  const heap: Entry[] = [];
  let nowMs = 0;
  let order = 0;

  return {
    get nowMs() {
      return nowMs;
    },
    at(atMs, task) {
      push(heap, { atMs: Math.max(nowMs, atMs), order, task });
      order += 1;
    },
    after(delayMs, task) {
      this.at(nowMs + delayMs, task);
    },
    run({ isDone, untilMs }) {
      while (!isDone()) {
        const entry = heap[0];
        if (!entry || entry.atMs > untilMs) return;
        pop(heap);
        nowMs = entry.atMs;
        entry.task();
      }
    },
  };
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Entry[], entry: Entry): void {
  let place = heap.length;
  heap.push(entry);
  while (place > 0) {
    const parentPlace = (place - 1) >> 1;
    const parent = heap[parentPlace];
    if (!parent || isBefore(parent, entry)) break;
    heap[place] = parent;
    place = parentPlace;
  }
  heap[place] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let place = 0;
  for (;;) {
    let childPlace = 2 * place + 1;
    const right = heap[childPlace + 1];
    let child = heap[childPlace];
    if (right && child && isBefore(right, child)) {
      childPlace += 1;
      child = right;
    }
    if (!child || !isBefore(child, last)) break;
    heap[place] = child;
    place = childPlace;
  }
  heap[place] = last;
}
