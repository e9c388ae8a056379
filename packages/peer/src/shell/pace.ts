/**
 * Keeps one direction of a peer within its rate: whoever has bytes waits here until they may go, in the order of coming.
 *
 * In any span no more goes than the rate allows in it, and a burst of half a second or a leaf: what is longer goes when all of
 * it but a burst is paid for. A sender knows nothing of the limit of its receiver, and one of its blocks may be a minute's.
 *
 * Who gives up leaves the line and has taken nothing, but what was paid for of more than a burst: else a receiver that asks
 * and cancels, again and again, would use up the rate of all others.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { RateLimit } from '../rate-limit.ts';
import { settledBy } from '../waiting.ts';

/** Somebody in the line. */
interface Turn {
  unpaid: number;
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
    const unpaid = this.#line.size === 0 ? this.#pay(bytes) : bytes;
    if (unpaid > 0) await settledBy(signal, (go) => this.#join({ unpaid, go }));
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
      turn.unpaid = this.#pay(turn.unpaid);
      if (turn.unpaid > 0) {
        this.#wakeAt(this.#limit.freeAtMs(this.#clock.now()));
        return;
      }
      turn.go();
    }
  }

  /** Pays for as many bytes as may go now; answers how many are left. */
  #pay(bytes: number): number {
    const nowMs = this.#clock.now();
    let unpaid = bytes;
    while (unpaid > 0 && this.#limit.freeAtMs(nowMs) <= nowMs) {
      const paid = Math.min(unpaid, this.#limit.burstBytes);
      this.#limit.reserve(paid, nowMs);
      unpaid -= paid;
    }
    return unpaid;
  }

  #wakeAt(atMs: number): void {
    this.#cancelWake = this.#clock.schedule(Math.max(0, atMs - this.#clock.now()), () => this.#letGo());
  }
}
