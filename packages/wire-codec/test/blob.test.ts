import { bytes, decode, encode, fixedBytes, struct } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexBytes } from './golden.ts';

const both = struct({ id: fixedBytes(2), data: bytes({ maxBytes: 10_000 }) });

describe('bytes', () => {
  test('are read as views of the input, without a copy', () => {
    const input = encode(both, { id: hexBytes('0102'), data: new Uint8Array(5000) });
    const { id, data } = decode(both, input);
    expect(id.buffer).toBe(input.buffer);
    expect(data.buffer).toBe(input.buffer);
    input.fill(9);
    expect(data[4999]).toBe(9);
  });

  test('are plain arrays even where the input is a Buffer, whose slice() would not copy', () => {
    const value = decode(both, Buffer.from('0102020304', 'hex'));
    expect(value).toStrictEqual({ id: hexBytes('0102'), data: hexBytes('0304') });
    expect(value.data.constructor).toBe(Uint8Array);
  });

  test('are accepted from a Buffer', () => {
    expect(encode(fixedBytes(2), Buffer.from('0102', 'hex'))).toStrictEqual(hexBytes('0102'));
  });

  test('longer than allowed are refused', () => {
    const two = bytes({ maxBytes: 2 });
    expect(() => encode(two, new Uint8Array(3))).toThrow(expect.objectContaining({ code: 'too_long' }));
    expect(() => decode(two, hexBytes('03010203'))).toThrow(expect.objectContaining({ code: 'too_long' }));
  });

  test.each([undefined, 'ab', [1, 2], new Uint16Array(2)])('do not include %o', (value) => {
    expect(() => encode(fixedBytes(2), value as never)).toThrow(
      expect.objectContaining({ code: 'wrong_type' }),
    );
    expect(() => encode(bytes({ maxBytes: 2 }), value as never)).toThrow(
      expect.objectContaining({ code: 'wrong_type' }),
    );
  });

  test('cannot have a limit that is none', () => {
    expect(() => bytes({ maxBytes: Number.NaN })).toThrow(RangeError);
    expect(() => fixedBytes(-1)).toThrow(RangeError);
  });
});

describe('fixedBytes', () => {
  test.each([0, 1, 3])('refuses %i bytes for 2', (length) => {
    expect(() => encode(fixedBytes(2), new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'wrong_length' }),
    );
  });
});
