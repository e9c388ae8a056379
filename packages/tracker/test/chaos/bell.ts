/** Waiting for what changes elsewhere: whoever changes something rings, whoever waits looks again. */

export interface Patience {
  /** What is waited for, for the error of a wait in vain. */
  readonly what: string;
  readonly mostMs: number;
}

export class Bell {
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<() => void>();

  /** All waits end with the reason of `signal` when it aborts. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.ring(), { once: true });
  }

  /** Something has changed. */
  readonly ring = (): void => {
    for (const listener of [...this.#listeners]) listener();
  };

  /** Resolves when `isDone`; fails after `mostMs`. */
  until(isDone: () => boolean, { what, mostMs }: Patience): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#signal.aborted) reject(this.#signal.reason);
      else if (isDone()) resolve();
    };
    const timer = setTimeout(() => reject(new Error(`Waited ${mostMs} ms in vain: ${what}`)), mostMs);
    this.#listeners.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(look);
    });
  }
}
