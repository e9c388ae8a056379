/** The machine's source of unpredictable bytes. */
import type { Random } from '../random.ts';

/** Most bytes that one call of Web Crypto gives. */
const MAX_BYTES_AT_ONCE = 65_536;
const TWO_TO_32 = 2 ** 32;

/** Unpredictable randomness, for everything outside tests and simulations. */
export function createSystemRandom(): Random {
  return { integer, bytes };
}

function bytes(length: number): Uint8Array {
  const result = new Uint8Array(length);
  for (let start = 0; start < length; start += MAX_BYTES_AT_ONCE) {
    crypto.getRandomValues(result.subarray(start, start + MAX_BYTES_AT_ONCE));
  }
  return result;
}

function integer(exclusiveMax: number): number {
  if (!Number.isInteger(exclusiveMax) || exclusiveMax < 1 || exclusiveMax > TWO_TO_32) {
    throw new RangeError(`Cannot choose an integer below ${exclusiveMax}: wanted 1 to 2^32`);
  }
  // Values from the last, incomplete multiple of exclusiveMax would make small results likelier.
  const fairEnd = TWO_TO_32 - (TWO_TO_32 % exclusiveMax);
  const word = new Uint32Array(1);
  for (;;) {
    const [value = 0] = crypto.getRandomValues(word);
    if (value < fairEnd) return value % exclusiveMax;
  }
}
