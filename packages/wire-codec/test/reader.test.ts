import { Reader } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexBytes } from './golden.ts';
import { failureOf } from './support/failure.ts';

describe('Reader', () => {
  test('reads one thing after the other', () => {
    const reader = new Reader(hexBytes('010002000000030000000000000004ac02016162ff'));
    expect(reader.u8()).toBe(1);
    expect(reader.u16()).toBe(2);
    expect(reader.u32()).toBe(3);
    expect(reader.u64()).toBe(4n);
    expect(reader.varint()).toBe(300);
    expect(reader.flag()).toBe(true);
    expect(reader.bytes(2)).toStrictEqual(hexBytes('6162'));
    expect(reader.remaining).toBe(1);
    expect(() => reader.finish()).toThrow(expect.objectContaining({ code: 'trailing_bytes' }));
    expect(reader.u8()).toBe(255);
    expect(() => reader.finish()).not.toThrow();
  });

  test('stays in place when something is missing', () => {
    const reader = new Reader(hexBytes('010203'));
    expect(failureOf(() => reader.u32())).toMatchObject({
      code: 'unexpected_end',
      message: 'Cannot read value: it needs 4 bytes, 3 are left',
    });
    expect(reader.u16()).toBe(0x0102);
  });

  test('reads no further than it was narrowed to', () => {
    const reader = new Reader(hexBytes('0102030405'));
    const outerEnd = reader.narrow(2);
    expect(reader.u8()).toBe(1);
    expect(() => reader.u16()).toThrow(expect.objectContaining({ code: 'unexpected_end' }));
    reader.widen(outerEnd);
    expect(reader.u8()).toBe(3);
    expect(() => reader.narrow(3)).toThrow(expect.objectContaining({ code: 'unexpected_end' }));
  });

  test.each([-1, Number.NaN, 0.5])(
    'refuses %d as a length, which a codec made by hand may have computed',
    (length) => {
      const reader = new Reader(hexBytes('0102'));
      reader.u8();
      expect(() => reader.bytes(length)).toThrow(expect.objectContaining({ code: 'out_of_range' }));
      expect(() => reader.narrow(length)).toThrow(expect.objectContaining({ code: 'out_of_range' }));
    },
  );
});
