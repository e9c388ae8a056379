/**
 * When a tracker that failed is tried again.
 *
 * What affects the wait: how often it failed in a row, whether another device answers in its place, and chance, so that a
 * thousand peers do not return in the same millisecond. Pure: time and randomness are arguments. It opens no connection.
 */
import type { Random } from '@minitorrent/rpc-core';

export interface RedialLimits {
  /** The wait after a first failure, milliseconds; it doubles with each further one. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** The least wait where another device answers than the one that is wanted, milliseconds. */
  readonly strangerMs: number;
}

/**
 * Shorter than the patience of a call, so that a call finds a tracker that came back; a dead one costs 24 dials a minute.
 * A stranger in its place stays until a person does something about it: a handshake a minute is enough.
 */
export const DEFAULT_REDIAL_LIMITS: RedialLimits = { firstMs: 250, longestMs: 5_000, strangerMs: 60_000 };

export class RedialDelay {
  readonly #random: Pick<Random, 'integer'>;
  readonly #limits: RedialLimits;
  #failures = 0;
  #readyAtMs = 0;

  constructor(random: Pick<Random, 'integer'>, limits: RedialLimits = DEFAULT_REDIAL_LIMITS) {
    this.#random = random;
    this.#limits = limits;
  }

  /** How long to wait before the next try. */
  delayMs(nowMs: number): number {
    return Math.max(0, this.#readyAtMs - nowMs);
  }

  /** It works: what failed before is forgotten. */
  succeeded(): void {
    this.#failures = 0;
    this.#readyAtMs = 0;
  }

  /** It could not be reached, or its connection broke. The wait is jittered between half and the whole. */
  failed(nowMs: number): void {
    const { firstMs, longestMs } = this.#limits;
    const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    this.#readyAtMs = nowMs + fullMs / 2 + this.#random.integer(Math.floor(fullMs / 2) + 1);
  }

  /** Another device answered than the one that is wanted. The wait is jittered by up to a quarter more. */
  metStranger(nowMs: number): void {
    const { strangerMs } = this.#limits;
    this.#readyAtMs = nowMs + strangerMs + this.#random.integer(Math.floor(strangerMs / 4) + 1);
  }
}
