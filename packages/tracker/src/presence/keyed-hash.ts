/**
 * HalfSipHash-1-3 of a text (J.-P. Aumasson and D. J. Bernstein, 2012; what Linux hashes its tables by): whoever does not
 * know the key cannot choose texts that meet in one place. It is for tables in memory, and signs nothing.
 */
import type { Random } from '@minitorrent/rpc-core';

const LAST_ROUNDS = 3;

/** A signed integer of 32 bits, of the text as UTF-16, little end first. */
export type KeyedHash = (text: string) => number;

/** Its key is drawn when the first text comes. */
export function createKeyedHash(random: Pick<Random, 'integer'>): KeyedHash {
  let key: readonly [low: number, high: number] | undefined;
  return (text) => {
    key ??= [random.integer(2 ** 32) | 0, random.integer(2 ** 32) | 0];
    const [low, high] = key;
    const words = (text.length >> 1) + 1;
    let v0 = low;
    let v1 = high;
    let v2 = 0x6c79_6765 ^ low;
    let v3 = 0x7465_6462 ^ high;
    for (let round = 0; round < words + LAST_ROUNDS; round += 1) {
      if (round === words) v2 ^= 0xff;
      const word = round < words ? wordOf(text, 2 * round) : 0;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = rotate(v1, 5) ^ v0;
      v0 = rotate(v0, 16);
      v2 = (v2 + v3) | 0;
      v3 = rotate(v3, 8) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = rotate(v3, 7) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = rotate(v1, 13) ^ v2;
      v2 = rotate(v2, 16);
      v0 ^= word;
    }
    return v1 ^ v3;
  };
}

/** Two characters, or what is left of them and the length in bytes. */
function wordOf(text: string, at: number): number {
  if (at + 1 < text.length) return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16);
  return (at < text.length ? text.charCodeAt(at) : 0) | (text.length << 25);
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
