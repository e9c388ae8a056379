/** Tasks in the order in which they fall due: a binary heap by time, then by the order of adding. */

/** A task and its time. */
export interface Task {
  readonly at: number;
  /** Breaks ties: rises with each task. */
  readonly order: number;
  readonly run: () => void;
}

export interface TaskHeap {
  readonly size: number;
  first(): Task | undefined;
  add(task: Task): void;
  /** Removing a task that is not there does nothing. */
  remove(task: Task): void;
}

export function createTaskHeap(): TaskHeap {
  const heap: Task[] = [];
  // Removed tasks leave the heap when they come to its top.
  const live = new Set<Task>();

  function isBefore(i: number, j: number): boolean {
    const a = heap[i];
    const b = heap[j];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  function swap(i: number, j: number): void {
    const a = heap[i];
    const b = heap[j];
    if (a === undefined || b === undefined) return;
    heap[i] = b;
    heap[j] = a;
  }

  function siftUp(start: number): void {
    let index = start;
    for (let parent = (index - 1) >> 1; index > 0 && isBefore(index, parent); parent = (index - 1) >> 1) {
      swap(index, parent);
      index = parent;
    }
  }

  function siftDown(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = isBefore(left + 1, left) ? left + 1 : left;
      if (!isBefore(child, index)) return;
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
