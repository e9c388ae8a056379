/**
 * When bytes may go so that a rate is not exceeded: the generic cell rate algorithm (ITU-T I.371), which holds one number.
 *
 * Everything that affects it: the rate, the bytes asked for and the times given. Whoever comes a little late, as timers do,
 * loses nothing by it: up to `TOLERANCE_MS` of unused time is made up for. So in any span of time no more goes than the
 * rate allows in that span and the tolerance, and one request; and no less while somebody always asks.
 */

import { LEAF_BYTES } from '@minitorrent/chunk-store';

/** A timer is hardly ever later, and a burst of so much is hardly seen. */
const TOLERANCE_MS = 100;
/** What goes at once is of so much time: less would be a timer for each leaf, more is seen where the rate is looked at. */
const BURST_MS = 500;

export class RateLimit {
  #bytesPerSecond: number | undefined;
  #freeAtMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond?: number) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Undefined: no limit. */
  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** Holds for what is asked for from now on. */
  set bytesPerSecond(value: number | undefined) {
    if (value !== undefined && !(value > 0))
      throw new RangeError(`Cannot limit to ${value} bytes a second, expected more than 0`);
    this.#bytesPerSecond = value;
    if (value === undefined) this.#freeAtMs = Number.NEGATIVE_INFINITY;
  }

  /** What to reserve at a time: whoever has more takes several turns, else the burst would grow with what is asked for. */
  get burstBytes(): number {
    if (this.#bytesPerSecond === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(LEAF_BYTES, (this.#bytesPerSecond * BURST_MS) / 1_000);
  }

  /** When the next bytes may go, however many they are: `nowMs` or later. */
  freeAtMs(nowMs: number): number {
    return Math.max(nowMs, this.#freeAtMs);
  }

  /** Takes its turn for `bytes` and answers when they may go, as `freeAtMs` does. */
  reserve(bytes: number, nowMs: number): number {
    if (this.#bytesPerSecond === undefined) return nowMs;
    const mayGoAtMs = Math.max(this.#freeAtMs, nowMs - TOLERANCE_MS);
    this.#freeAtMs = mayGoAtMs + (bytes * 1_000) / this.#bytesPerSecond;
    return Math.max(nowMs, mayGoAtMs);
  }
}
