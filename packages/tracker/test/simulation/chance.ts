/** Draws of a simulation; the same seed gives the same ones. */
import type { Random } from '@minitorrent/rpc-core';
import { createSeededRandom, type SeededRandom } from '@minitorrent/rpc-core/testing';

export class Chance {
  readonly random: Random;
  readonly #seeded: SeededRandom;

  constructor(seed: number | SeededRandom) {
    this.#seeded = typeof seed === 'number' ? createSeededRandom(seed) : seed;
    this.random = this.#seeded;
  }

  fork(): Chance {
    return new Chance(this.#seeded.fork());
  }

  oneIn(count: number): boolean {
    return this.#seeded.integer(count) === 0;
  }

  perMille(share: number): boolean {
    return share > 0 && this.#seeded.integer(1_000) < share;
  }

  /** Both ends included. */
  between(least: number, most: number): number {
    return least + this.#seeded.integer(most - least + 1);
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.#seeded.integer(values.length)];
    if (value === undefined) throw new RangeError('Cannot pick from nothing');
    return value;
  }
}
