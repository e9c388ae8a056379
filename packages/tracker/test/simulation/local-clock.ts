/**
 * The monotonic clock of one machine: it drifts, it may jump ahead, and it may stand still while others go on, as that of a
 * suspended virtual machine does. It never goes back.
 */
import type { VirtualTime } from './virtual-time.ts';

export class LocalClock {
  readonly #time: VirtualTime;
  readonly #rate: number;
  #aheadMs = 0;
  #stoppedAt: number | undefined;

  /** One second of it takes `1 / rate` seconds. */
  constructor(time: VirtualTime, rate: number) {
    this.#time = time;
    this.#rate = rate;
  }

  now(): number {
    return (this.#stoppedAt ?? this.#time.now) * this.#rate + this.#aheadMs;
  }

  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }

  stop(): void {
    this.#stoppedAt ??= this.#time.now;
  }

  /** Goes on from where it stood. */
  go(): void {
    if (this.#stoppedAt === undefined) return;
    this.#aheadMs -= (this.#time.now - this.#stoppedAt) * this.#rate;
    this.#stoppedAt = undefined;
  }

  /** How long it takes until it shows `atMs`, unless it jumps. */
  until(atMs: number): number {
    return (atMs - this.now()) / this.#rate;
  }
}
