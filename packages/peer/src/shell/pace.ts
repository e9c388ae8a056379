/**
 * Keeps one direction of a peer within its rate: whoever has bytes waits here until they may go, in the order of coming.
 *
 * Who gives up leaves the line and has taken nothing: else a receiver that asks and cancels, again and again, would use up the
 * rate of all others.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { RateLimit } from '../rate-limit.ts';
import { settledBy } from '../waiting.ts';

/** Somebody in the line. */
interface Turn {
  readonly bytes: number;
  readonly go: () => void;
}

export class Pace {
  readonly #clock: Clock;
  readonly #limit = new RateLimit();
  readonly #listeners = new Set<() => void>();
  /** In the order of coming. */
  readonly #line = new Set<Turn>();
  #cancelWake: () => void = () => undefined;

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
    this.#letGo();
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when `bytes` may go, or as soon as `signal` aborts. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const nowMs = this.#clock.now();
    if (this.#line.size === 0 && this.#limit.freeAtMs(nowMs) <= nowMs) this.#limit.reserve(bytes, nowMs);
    else await settledBy(signal, (go) => this.#join({ bytes, go }));
  }

  /** Calls `listener` after each change of the limit; the answer ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The answer leaves the line. */
  #join(turn: Turn): () => void {
    this.#line.add(turn);
    if (this.#line.size === 1) this.#wakeAt(this.#limit.freeAtMs(this.#clock.now()));
    return () => {
      this.#line.delete(turn);
      if (this.#line.size === 0) this.#cancelWake();
    };
  }

  #letGo(): void {
    this.#cancelWake();
    for (const turn of this.#line) {
      const nowMs = this.#clock.now();
      const freeAtMs = this.#limit.freeAtMs(nowMs);
      if (freeAtMs > nowMs) {
        this.#wakeAt(freeAtMs);
        return;
      }
      this.#limit.reserve(turn.bytes, nowMs);
      turn.go();
    }
  }

  #wakeAt(atMs: number): void {
    this.#cancelWake = this.#clock.schedule(Math.max(0, atMs - this.#clock.now()), () => this.#letGo());
  }
}
