/**
 * To whom this tracker promised not to let anybody else lead, itself included, and when it did so last.
 *
 * The authoritative reads of a primary rest on such promises (R6). One that was given by a process before this one is
 * forgotten, and holds all the same.
 */
import type { Config, StoreId } from '../register.ts';

export class Allegiance {
  /** Undefined: to whom a process before this one promised. */
  #to: StoreId | undefined;
  #epoch = 0;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** When the promise was given; for ever ago when it no longer holds. */
  get atMs(): number {
    return this.#atMs;
  }

  pledge({ primary, epoch }: Config, nowMs: number): void {
    this.#to = primary;
    this.#epoch = epoch;
    this.#atMs = nowMs;
  }

  /** `from` goes on under `config`: whoever leads no longer has no reads that rest on a promise. */
  heard(from: StoreId, config: Config): void {
    const isOver = from === this.#to && config.primary !== from && config.epoch > this.#epoch;
    if (isOver) this.#atMs = Number.NEGATIVE_INFINITY;
  }

  /** So much of the time since then was not seen. */
  missed(ms: number): void {
    this.#atMs += ms;
  }
}
