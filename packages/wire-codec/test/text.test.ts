import { decode, encode, text, u8 } from '@minitorrent/wire-codec';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { hexBytes, hexOf } from './golden.ts';
import { assertProperty } from './support/assert-property.ts';

const long = text({ maxBytes: 1_000_000 });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('text', () => {
  test('reads what it wrote at any length, on both sides of each threshold', () => {
    const value = arbitraryOf(text({ maxBytes: 700 }), { maxLength: 300 });
    assertProperty(
      fc.property(value, (written) => {
        expect(decode(long, encode(long, written))).toBe(written);
      }),
    );
    for (const length of [40, 41, 127, 128, 16_383, 16_384, 100_000]) {
      for (const character of ['a', 'ü', '€']) {
        const written = character.repeat(length);
        expect(decode(long, encode(long, written))).toBe(written);
      }
    }
  });

  test('states its length in the fewest bytes, also when more bytes than characters are written', () => {
    expect(hexOf(encode(long, 'ü'.repeat(64)).subarray(0, 4))).toBe('8001c3bc');
  });

  test.each(['\ud800', 'a\udc00', '\ude00\ud83d', `${'a'.repeat(100)}\ud800`])(
    'refuses the lone surrogate in %j',
    (value) => {
      expect(() => encode(long, value)).toThrow(expect.objectContaining({ code: 'invalid_text' }));
    },
  );

  test('finds a byte that is not ASCII wherever it stands alone', () => {
    for (let length = 1; length <= 50; length++) {
      for (let place = 0; place < length; place++) {
        const bytes = new Uint8Array(1 + length).fill(0x61);
        bytes[0] = length;
        bytes[1 + place] = 0xff;
        expect(() => decode(long, bytes)).toThrow(expect.objectContaining({ code: 'invalid_text' }));
      }
    }
  });

  test('takes ASCII of every short length, also where generated code is forbidden', async () => {
    const { SHORT_TEXT_BYTES, takeAscii } = await import('../src/utf8.ts');
    vi.resetModules();
    vi.stubGlobal('Function', () => {
      throw new EvalError('forbidden by the content security policy');
    });
    const { takeAscii: takeByLoop } = await import('../src/utf8.ts');
    const bytes = Uint8Array.from({ length: 1 + SHORT_TEXT_BYTES }, (_, index) => 0x21 + index);
    for (let end = 1; end <= bytes.length; end++) {
      const expected = new TextDecoder().decode(bytes.subarray(1, end));
      expect([takeAscii(bytes, 1, end), takeByLoop(bytes, 1, end)]).toStrictEqual([expected, expected]);
      const strange = bytes.with(end - 1, 0x80);
      const nothing = end === 1 ? '' : undefined;
      expect([takeAscii(strange, 1, end), takeByLoop(strange, 1, end)]).toStrictEqual([nothing, nothing]);
    }
  });

  test('keeps a byte order mark, at the start and alone', () => {
    expect(decode(long, encode(long, '\ufeff'))).toBe('\ufeff');
    expect(decode(long, encode(long, `\ufeff${'a'.repeat(60)}`))).toBe(`\ufeff${'a'.repeat(60)}`);
  });

  test('does not normalise', () => {
    expect(decode(long, encode(long, 'e\u0301'))).toBe('e\u0301');
  });

  test('counts its limit in bytes, not in characters', () => {
    const four = text({ maxBytes: 4 });
    expect(encode(four, 'üü')).toHaveLength(5);
    expect(() => encode(four, 'aaaaa')).toThrow(expect.objectContaining({ code: 'too_long' }));
    expect(() => encode(four, 'üüa')).toThrow(expect.objectContaining({ code: 'too_long' }));
    expect(() => decode(four, hexBytes('056161616161'))).toThrow(
      expect.objectContaining({ code: 'too_long' }),
    );
  });

  test('refuses a value that is no string', () => {
    expect(() => encode(long, 5 as never)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
    expect(() => encode(long, undefined as never)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
  });

  test('refuses a limit that is none', () => {
    expect(() => text({ maxBytes: -1 })).toThrow(RangeError);
    expect(() => text({ maxBytes: Number.POSITIVE_INFINITY })).toThrow(RangeError);
    expect(() => text({ maxBytes: 1.5 })).toThrow(RangeError);
  });

  test('leaves the next message alone after a failure', () => {
    expect(() => encode(long, '\ud800')).toThrow();
    expect(hexOf(encode(u8, 5))).toBe('05');
  });
});
