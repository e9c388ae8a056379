import { BY_REFERENCE_BYTES, decode, text, u16, Writer } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexOf } from './golden.ts';
import { joined } from './support/damage.ts';

const long = new Uint8Array(BY_REFERENCE_BYTES).fill(7);

describe('Writer', () => {
  test('makes one message after the other', () => {
    const writer = new Writer();
    writer.u16(1);
    expect(writer.length).toBe(2);
    const first = writer.finish();
    writer.u8(2);
    expect(hexOf(writer.finish())).toBe('02');
    expect(hexOf(first)).toBe('0001');
    expect(writer.finish()).toHaveLength(0);
  });

  test('grows by any amount', () => {
    const writer = new Writer();
    for (let index = 0; index < 100_000; index++) writer.u32(index);
    const message = writer.finish();
    expect(message).toHaveLength(400_000);
    expect(hexOf(message.subarray(399_996))).toBe('0001869f');
  });

  test('takes long bytes by reference where it may', () => {
    const writer = new Writer({ byReference: true });
    writer.u16(1);
    writer.bytes(long);
    writer.bytes(long.subarray(1));
    expect(writer.length).toBe(2 + 4096 + 4095);
    const parts = writer.finishParts();
    expect(parts.map((part) => part.length)).toStrictEqual([2, 4096, 4095]);
    expect(parts[1]).toBe(long);
    expect(parts[2]?.buffer).not.toBe(long.buffer);
  });

  test('has no empty parts', () => {
    const writer = new Writer({ byReference: true });
    expect(writer.finishParts()).toStrictEqual([]);
    writer.bytes(long);
    writer.bytes(long);
    expect(writer.finishParts()).toStrictEqual([long, long]);
  });

  test('joins its parts where one buffer is asked for', () => {
    const writer = new Writer({ byReference: true });
    writer.u8(1);
    writer.bytes(long);
    writer.u8(2);
    expect(writer.finish()).toStrictEqual(joined([Uint8Array.of(1), long, Uint8Array.of(2)]));
    expect(writer.length).toBe(0);
  });

  test('fills in a length wherever its place went', () => {
    const writer = new Writer({ byReference: true });
    writer.u8(9);
    const outer = writer.openLength();
    writer.bytes(long);
    const middle = writer.openLength();
    writer.bytes(long);
    const inner = writer.openLength();
    writer.u8(8);
    expect(writer.closeLength(inner)).toBe(1);
    expect(writer.closeLength(middle)).toBe(4096 + 5);
    expect(writer.closeLength(outer)).toBe(4096 + 4 + 4096 + 5);
    const parts = writer.finishParts();
    expect(parts.map((part) => (part === long ? 'long' : hexOf(part)))).toStrictEqual([
      '0900002009',
      'long',
      '00001005',
      'long',
      '0000000108',
    ]);
  });

  test('fills in a length after its buffer has grown', () => {
    const writer = new Writer();
    const place = writer.openLength();
    for (let index = 0; index < 20_000; index++) writer.u8(1);
    writer.closeLength(place);
    expect(hexOf(writer.finish().subarray(0, 5))).toBe('00004e2001');
  });

  test('forgets a message begun', () => {
    const writer = new Writer({ byReference: true });
    writer.u8(1);
    writer.bytes(long);
    writer.u8(2);
    writer.discard();
    expect(writer.length).toBe(0);
    writer.u8(3);
    expect(writer.finishParts().map(hexOf)).toStrictEqual(['03']);
  });

  test('writes text that needs a longer prefix than guessed at the end of its buffer', () => {
    const codec = text({ maxBytes: 1000 });
    const value = '€'.repeat(80);
    for (let before = 7900; before < 8192; before++) {
      const writer = new Writer();
      writer.bytes(new Uint8Array(1));
      writer.bytes(new Uint8Array(before - 1));
      codec.write(writer, value);
      expect(decode(codec, writer.finish().subarray(before))).toBe(value);
    }
  });

  test('leaves zeros, never old memory, around its messages', () => {
    const writer = new Writer();
    u16.write(writer, 0xffff);
    const message = writer.finish();
    expect(new Uint8Array(message.buffer).reduce((total, byte) => total + byte, 0)).toBe(2 * 0xff);
  });
});
