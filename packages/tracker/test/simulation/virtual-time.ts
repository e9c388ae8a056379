/** Virtual time without promises: tasks in the order of their time, and of their making where that is equal. */

interface Task {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualTime {
  now = 0;
  events = 0;
  #order = 0;
  readonly #heap: Task[] = [];

  /** Runs `run` after `delayMs`; whoever no longer wants it looks when it comes. */
  after(delayMs: number, run: () => void): void {
    const task = { at: this.now + Math.max(0, delayMs), order: this.#order++, run };
    this.#heap.push(task);
    this.#rise(this.#heap.length - 1);
  }

  /** Runs everything due until `untilMs`, and `check` after each task. */
  runUntil(untilMs: number, check: () => void): void {
    for (let task = this.#heap[0]; task !== undefined && task.at <= untilMs; task = this.#heap[0]) {
      this.#removeFirst();
      this.now = task.at;
      this.events += 1;
      task.run();
      check();
    }
    this.now = untilMs;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfBefore(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfBefore(child, at)) return;
      at = child;
    }
  }

  #swapIfBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined || !this.#isBefore(a, b)) return false;
    this.#heap[a] = second;
    this.#heap[b] = first;
    return true;
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return false;
    return first.at < second.at || (first.at === second.at && first.order < second.order);
  }
}
