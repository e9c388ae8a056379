/**
 * A `Random` that gives the same numbers for the same seed (mulberry32): not for secrets.
 */
import type { Random } from '@minitorrent/rpc-core';

export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  return {
    integer: (exclusiveMax) => Math.floor((next() / 0x1_0000_0000) * exclusiveMax),
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
}
