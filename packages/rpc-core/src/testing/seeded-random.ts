/**
 * Randomness that can be replayed: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
 * 2018), seeded through SplitMix32. Not for secrets.
 */
import type { Random } from '../random.ts';

/** Randomness with a seed. */
export interface SeededRandom extends Random {
  /** A generator of its own, so that one part's draws do not change another's. */
  fork(): SeededRandom;
}

const TWO_TO_32 = 2 ** 32;

/** The same seed gives the same numbers, on every machine. */
export function createSeededRandom(seed: number): SeededRandom {
  const spread = splitMix32(seed);
  const next = xoshiro128(spread(), spread(), spread(), spread());

  function integer(exclusiveMax: number): number {
    if (!Number.isInteger(exclusiveMax) || exclusiveMax < 1 || exclusiveMax > TWO_TO_32) {
      throw new RangeError(`Cannot choose an integer below ${exclusiveMax}: wanted 1 to 2^32`);
    }
    const fairEnd = TWO_TO_32 - (TWO_TO_32 % exclusiveMax);
    let value = next();
    while (value >= fairEnd) value = next();
    return value % exclusiveMax;
  }

  return {
    integer,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    fork: () => createSeededRandom(next()),
  };
}

/** Spreads one number over as many as are asked for. */
function splitMix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

/** The generator itself, from its four words of state; not all of them 0. */
export function xoshiro128(s0: number, s1: number, s2: number, s3: number): () => number {
  let [a, b, c, d] = [s0, s1, s2, s3];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
