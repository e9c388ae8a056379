import { describe, expect, it } from 'vitest';
import { createKeyedHash } from '../../src/presence/keyed-hash.ts';

/** Of the bytes 0, 1, 2 ... with the key 0 to 7, every second length: lib/test_siphash.c of Linux, `test_vectors_hsiphash`. */
const VECTORS = [
  0x5814_c896, 0xbc4b_0e30, 0x7e05_9ea6, 0xa008_0b65, 0x5779_99b1, 0xe4fa_32cf, 0x6b28_096c, 0x1665_8a7c,
];

describe('createKeyedHash', () => {
  it('is HalfSipHash-1-3', () => {
    const keys = [0x0302_0100, 0x0706_0504];
    const hash = createKeyedHash({ integer: () => keys.shift() ?? 0 });
    for (const [characters, expected] of VECTORS.entries()) {
      const codes = Array.from({ length: characters }, (_, at) => 2 * at + (2 * at + 1) * 256);
      expect(hash(String.fromCharCode(...codes)) >>> 0).toBe(expected);
    }
  });

  it('counts every character, an odd one at the end too', () => {
    const hash = createKeyedHash({ integer: () => 7 });
    const texts = ['', 'a', 'ab', 'abc', 'abd', 'bbc', 'abc\0', 'zoë', 'zo\u1eeb'];
    expect(new Set(texts.map(hash)).size).toBe(texts.length);
  });
});
