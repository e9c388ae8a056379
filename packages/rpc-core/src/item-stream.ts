/**
 * The receiving end of a stream: items that arrived and were not read yet, as an async iterator.
 *
 * It holds at most the stream's window and one item, because the sender stops without credit. Ending early (`break`, a
 * thrown error, `return()`) drops what is unread and tells the sender.
 */

/** What the stream tells of its reader. */
export interface ItemStreamEvents {
  /** An item of this payload size was taken by the reader, or dropped unread. */
  read(payloadBytes: number): void;
  /** The reader wants no more. */
  left(): void;
}

interface QueuedItem {
  readonly value: unknown;
  readonly payloadBytes: number;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** One stream as its reader sees it. */
export class ItemStream implements AsyncIterator<unknown, undefined> {
  readonly #events: ItemStreamEvents;
  #items: QueuedItem[] = [];
  #waiters: Waiter[] = [];
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(events: ItemStreamEvents) {
    this.#events = events;
  }

  /** An item arrived. */
  push(value: unknown, payloadBytes: number): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined && !this.#isOver) {
      this.#items.push({ value, payloadBytes });
      return;
    }
    this.#events.read(payloadBytes);
    waiter?.resolve({ done: false, value });
  }

  /** Nothing more will arrive; what is unread can still be read. */
  end(): void {
    this.#isOver = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  /** The stream failed; what is unread can still be read, then `error` is thrown once. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const [first, ...rest] = this.#waiters.splice(0);
    if (first === undefined) this.#failure = { error };
    first?.reject(error);
    for (const waiter of rest) waiter.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#events.read(item.payloadBytes);
      return Promise.resolve({ done: false, value: item.value });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) return Promise.reject(failure.error);
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Drops what is unread, at once. */
  abandon(error: unknown): void {
    this.#drop();
    this.fail(error);
  }

  #leave(): void {
    this.#failure = undefined;
    if (!this.#isOver) {
      this.end();
      // Before what is unread is dropped, which would be worth credit for more.
      this.#events.left();
    }
    this.#drop();
  }

  #drop(): void {
    for (const item of this.#items.splice(0)) this.#events.read(item.payloadBytes);
  }
}
