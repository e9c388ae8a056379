import { boolean, type Codec, decode, encode, u8, u16, u32, u64, varint } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';

const cases: readonly [string, Codec<unknown>, readonly unknown[], readonly unknown[]][] = [
  ['u8', u8, [0, 255], [-1, 256, 0.5, Number.NaN]],
  ['u16', u16, [0, 65_535], [-1, 65_536, 0.5, Number.NaN]],
  ['u32', u32, [0, 2 ** 31, 2 ** 32 - 1], [-1, 2 ** 32, 0.5, Number.NaN]],
  ['u64', u64, [0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n], [-1n, 2n ** 64n]],
  [
    'varint',
    varint,
    [0, 127, 128, 2 ** 14 - 1, 2 ** 14, 2 ** 15, 2 ** 21 - 1, 2 ** 21, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1],
    [-1, 2 ** 53, 0.5, Number.NaN],
  ],
];

describe.each(cases)('%s', (_, codec, accepted, refused) => {
  test.each(accepted)('holds %s', (value) => {
    expect(decode(codec, encode(codec, value))).toBe(value);
  });

  test.each(refused)('refuses %s as out_of_range', (value) => {
    expect(() => encode(codec, value)).toThrow(expect.objectContaining({ code: 'out_of_range' }));
  });

  test.each([undefined, null, '1', {}])('refuses %o as wrong_type', (value) => {
    expect(() => encode(codec, value)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
  });
});

describe('boolean', () => {
  test.each<unknown>([0, 1, undefined, 'true'])('refuses %o as wrong_type', (value) => {
    expect(() => encode(boolean, value as never)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
  });
});

describe('varint', () => {
  test('takes as few bytes as the number needs', () => {
    for (let length = 1; length <= 7; length++) {
      expect(encode(varint, 2 ** (7 * length) - 1)).toHaveLength(length);
      expect(encode(varint, 2 ** (7 * length))).toHaveLength(length + 1);
    }
  });
});
