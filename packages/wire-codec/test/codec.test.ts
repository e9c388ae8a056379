import { bytes, type Codec, decode, encode, list, struct, text, u16 } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexBytes, hexOf } from './golden.ts';

describe('encode', () => {
  test('never writes on a message that it has handed out', () => {
    const codec = text({ maxBytes: 3000 });
    const messages = Array.from({ length: 50 }, (_, index) =>
      String.fromCharCode(97 + (index % 26)).repeat(index * 40),
    );
    const encoded = messages.map((message) => encode(codec, message));
    expect(encoded.map((message) => decode(codec, message))).toStrictEqual(messages);
  });

  test('goes on after a failure in the middle of a message', () => {
    const codec = struct({ first: u16, second: u16 });
    const before = encode(codec, { first: 1, second: 2 });
    expect(() => encode(codec, { first: 3, second: -1 })).toThrow();
    expect(hexOf(encode(codec, { first: 4, second: 5 }))).toBe('00040005');
    expect(hexOf(before)).toBe('00010002');
  });

  test('can be called by a codec while it encodes', () => {
    const nested: Codec<number> = {
      schema: u16.schema,
      write: (writer, value) => writer.bytes(encode(u16, value)),
      read: (reader) => decode(u16, reader.bytes(2)),
    };
    const codec = list(nested, { maxItems: 5 });
    expect(hexOf(encode(codec, [1, 2, 3]))).toBe('03000100020003');
    expect(decode(codec, hexBytes('03000100020003'))).toStrictEqual([1, 2, 3]);
  });

  test('keeps long bytes in the one buffer', () => {
    const codec = struct({ index: u16, data: bytes({ maxBytes: 100_000 }), after: u16 });
    const data = Uint8Array.from({ length: 70_000 }, (_, index) => index % 253);
    const encoded = encode(codec, { index: 1, data, after: 2 });
    expect(encoded).toHaveLength(2 + 3 + 70_000 + 2);
    expect(decode(codec, encoded)).toStrictEqual({ index: 1, data, after: 2 });
  });

  test('does not keep the buffer of a large message alive in a small one', () => {
    const codec = bytes({ maxBytes: 100_000 });
    encode(codec, new Uint8Array(70_000));
    expect(encode(u16, 5).buffer.byteLength).toBeLessThan(10_000);
  });
});

describe('decode', () => {
  test('takes a view in the middle of a buffer for the whole', () => {
    const buffer = hexBytes('ffff0005ffff');
    expect(decode(u16, buffer.subarray(2, 4))).toBe(5);
    expect(() => decode(u16, buffer.subarray(2, 3))).toThrow(
      expect.objectContaining({ code: 'unexpected_end' }),
    );
  });

  test('says how many bytes are left over', () => {
    expect(() => decode(u16, hexBytes('00050607'))).toThrow('Cannot read value: 2 bytes are left over');
  });
});
