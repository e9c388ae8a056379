/**
 * Keeps one direction of a peer within its rate: whoever has bytes waits here until they may go, in the order of coming.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { RateLimit } from '../rate-limit.ts';
import { wait } from '../waiting.ts';

export class Pace {
  readonly #clock: Clock;
  readonly #limit = new RateLimit();
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined: no limit. */
  get bytesPerSecond(): number | undefined {
    return this.#limit.bytesPerSecond;
  }

  set bytesPerSecond(value: number | undefined) {
    if (value === this.#limit.bytesPerSecond) return;
    this.#limit.bytesPerSecond = value;
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when `bytes` may go, or as soon as `signal` aborts. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.now();
    const atMs = this.#limit.reserve(bytes, nowMs);
    if (atMs > nowMs) await wait(this.#clock, atMs - nowMs, signal);
  }

  /** Calls `listener` after each change of the limit; the answer ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
