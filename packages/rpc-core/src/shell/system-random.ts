/** The machine's source of unpredictable bytes. */
import type { Random } from '../random.ts';

/** Most bytes that one call of Web Crypto gives. */
const MAX_BYTES_AT_ONCE = 65_536;
const TWO_TO_32 = 2 ** 32;
/** Words fetched at once: one call for each integer costs more than all that is done with it. */
const WORDS_AT_ONCE = 1024;

/** Unpredictable randomness, for everything outside tests and simulations. */
export function createSystemRandom(): Random {
  const nextWord = createWords();
  return { integer: (exclusiveMax) => integer(exclusiveMax, nextWord), bytes };
}

/** Unpredictable words of 32 bits, none of them twice. */
function createWords(): () => number {
  const words = new Uint32Array(WORDS_AT_ONCE);
  let used = WORDS_AT_ONCE;
  return () => {
    if (used === WORDS_AT_ONCE) {
      crypto.getRandomValues(words);
      used = 0;
    }
    const word = words[used] ?? 0;
    // Nobody who reads this memory later learns what was handed out.
    words[used] = 0;
    used += 1;
    return word;
  };
}

function bytes(length: number): Uint8Array {
  const result = new Uint8Array(length);
  for (let start = 0; start < length; start += MAX_BYTES_AT_ONCE) {
    crypto.getRandomValues(result.subarray(start, start + MAX_BYTES_AT_ONCE));
  }
  return result;
}

function integer(exclusiveMax: number, nextWord: () => number): number {
  if (!Number.isInteger(exclusiveMax) || exclusiveMax < 1 || exclusiveMax > TWO_TO_32) {
    throw new RangeError(`Cannot choose an integer below ${exclusiveMax}: wanted 1 to 2^32`);
  }
  // Values from the last, incomplete multiple of exclusiveMax would make small results likelier.
  const fairEnd = TWO_TO_32 - (TWO_TO_32 % exclusiveMax);
  for (;;) {
    const value = nextWord();
    if (value < fairEnd) return value % exclusiveMax;
  }
}
