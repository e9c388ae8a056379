/**
 * Which tracker to try next, and when: the peer's half of a failover.
 *
 * What affects a choice: the order in which the trackers were given (the first is preferred), how often each one failed
 * in a row, when its cool-down ends, and chance, so that a thousand peers do not return in the same millisecond.
 * Pure: time and randomness are arguments. It opens no connection.
 */
import type { Random } from '@minitorrent/rpc-core';

export interface RotationLimits {
  /** Cool-down after a first failure, milliseconds; it doubles with each further one. */
  readonly firstCoolDownMs: number;
  readonly longestCoolDownMs: number;
}

/** Shorter than the patience of a call, so that a call finds a tracker that came back; a dead one costs 24 dials a minute. */
export const DEFAULT_ROTATION_LIMITS: RotationLimits = { firstCoolDownMs: 250, longestCoolDownMs: 5_000 };

/** The next attempt: the tracker's place in the list, and how long to wait before it. */
export interface Attempt {
  readonly tracker: number;
  readonly delayMs: number;
}

interface Health {
  failures: number;
  readyAtMs: number;
}

/** The trackers of one peer, in order of preference. */
export class TrackerRotation {
  readonly #trackers: readonly Health[];
  readonly #random: Pick<Random, 'integer'>;
  readonly #limits: RotationLimits;

  /** `count` trackers, at least one. */
  constructor(
    count: number,
    random: Pick<Random, 'integer'>,
    limits: RotationLimits = DEFAULT_ROTATION_LIMITS,
  ) {
    if (count < 1) throw new RangeError(`A peer needs a tracker, got ${count}`);
    this.#trackers = Array.from({ length: count }, () => ({ failures: 0, readyAtMs: 0 }));
    this.#random = random;
    this.#limits = limits;
  }

  /** The first tracker whose cool-down is over, or else the one whose cool-down ends first. */
  next(nowMs: number): Attempt {
    let best = 0;
    let bestDelayMs = Number.POSITIVE_INFINITY;
    for (const [tracker, { readyAtMs }] of this.#trackers.entries()) {
      const delayMs = Math.max(0, readyAtMs - nowMs);
      if (delayMs < bestDelayMs) [best, bestDelayMs] = [tracker, delayMs];
    }
    return { tracker: best, delayMs: bestDelayMs };
  }

  /** It answered: its cool-down is forgotten. */
  succeeded(tracker: number): void {
    const health = this.#health(tracker);
    health.failures = 0;
    health.readyAtMs = 0;
  }

  /** It could not be reached, or its connection broke. The cool-down is jittered between half and the whole. */
  failed(tracker: number, nowMs: number): void {
    const health = this.#health(tracker);
    const { firstCoolDownMs, longestCoolDownMs } = this.#limits;
    const fullMs = Math.min(longestCoolDownMs, firstCoolDownMs * 2 ** Math.min(health.failures, 30));
    health.failures += 1;
    health.readyAtMs = nowMs + fullMs / 2 + this.#random.integer(Math.floor(fullMs / 2) + 1);
  }

  #health(tracker: number): Health {
    const health = this.#trackers[tracker];
    if (health === undefined) throw new RangeError(`No tracker ${tracker} of ${this.#trackers.length}`);
    return health;
  }
}
