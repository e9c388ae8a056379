/**
 * Commits one batch after another: what is given while a commit is under way waits, and is committed together after it.
 *
 * So whatever makes things durable sets how many commits there are, and not how many appends. Order is kept. A failure ends
 * the batch that it hit; whether the next one may be tried at all is for `commit` to say.
 */

interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<T> {
  readonly #commit: (batch: readonly T[]) => Promise<void>;
  #waiting: Waiting<T>[] = [];
  #running: Promise<void> | undefined;

  /** `commit` is given at least one item, and never called again before it has settled. */
  constructor(commit: (batch: readonly T[]) => Promise<void>) {
    this.#commit = commit;
  }

  /** Nothing waits and nothing is being committed. */
  get isIdle(): boolean {
    return this.#running === undefined;
  }

  /** Resolves when it is idle. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Resolves when `item` is committed, after all that were given before; rejects as the commit of its batch does. */
  add(item: T): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ item, resolve, reject });
    this.#running ??= this.#commitAll();
    return promise;
  }

  async #commitAll(): Promise<void> {
    // All that are given in this turn come first.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#commitBatch(batch);
    }
    this.#running = undefined;
  }

  async #commitBatch(batch: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.#commit(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
