import type { Random } from '@minitorrent/rpc-core';

/** Counts instead of guessing: every value is different, and the same in each run. */
export function createTestRandom(): Random {
  let counter = 0;
  return {
    integer: (exclusiveMax) => {
      counter += 1;
      return counter % exclusiveMax;
    },
    bytes: (length) => {
      counter += 1;
      return new Uint8Array(length).map((_, at) => (counter >>> (8 * (at & 3))) & 0xff);
    },
  };
}
