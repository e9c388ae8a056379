/**
 * How fast a line is while it is busy: an exponentially weighted average over busy time, and of that the highest of the last
 * while, since a line seems slow for many reasons and fast for one.
 *
 * Everything that affects it: what arrives and when, and when the line is idle.
 */

/** The highest fades over so many spans. */
const SPANS_KEPT = 20;

export class BusyRate {
  readonly #spanMs: number;
  #busyMs = 0;
  #bytes = 0;
  #highest = 0;
  #lastAtMs: number | undefined;

  /** An average over about `spanMs` of busy time. */
  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Infinite before anything was seen to take time. */
  get bytesPerMs(): number {
    return this.#busyMs === 0 ? Number.POSITIVE_INFINITY : this.#highest;
  }

  /** The line has something to carry again. */
  resume(nowMs: number): void {
    this.#lastAtMs = nowMs;
  }

  /** It has nothing to carry. */
  pause(): void {
    this.#lastAtMs = undefined;
  }

  /** `bytes` arrived since the last time, over a line that was busy since. */
  arrived(bytes: number, nowMs: number): void {
    const passedMs = nowMs - (this.#lastAtMs ?? nowMs);
    this.#lastAtMs = nowMs;
    const kept = Math.exp(-passedMs / this.#spanMs);
    this.#busyMs = this.#busyMs * kept + passedMs;
    this.#bytes = this.#bytes * kept + bytes;
    if (this.#busyMs === 0) return;
    const faded = this.#highest * Math.exp(-passedMs / (SPANS_KEPT * this.#spanMs));
    this.#highest = Math.max(faded, this.#bytes / this.#busyMs);
  }
}
