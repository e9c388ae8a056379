import { bytes, encodeFrame, MAX_TYPE_BYTES, struct, u16 } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexOf } from './golden.ts';
import { failureOf } from './support/failure.ts';

const piece = struct({ index: u16, data: bytes({ maxBytes: 262_144 }), after: u16 });

describe('encodeFrame', () => {
  test('is one part for small fields', () => {
    const parts = encodeFrame('piece', (writer) =>
      piece.write(writer, { index: 1, data: new Uint8Array(2), after: 2 }),
    );
    expect(parts.map(hexOf)).toStrictEqual(['4d54057069656365000000070001020000' + '0002']);
  });

  test('never copies long bytes, and states the length of all parts', () => {
    const data = new Uint8Array(262_144);
    const parts = encodeFrame('piece', (writer) => piece.write(writer, { index: 1, data, after: 2 }));
    expect(parts).toHaveLength(3);
    expect(parts[1]).toBe(data);
    expect(hexOf(parts[0] as Uint8Array)).toBe('4d5405706965636500040007' + '0001' + '808010');
    expect(hexOf(parts[2] as Uint8Array)).toBe('0002');
  });

  test('takes a payload that is made already, by reference where it is long', () => {
    const payload = new Uint8Array(5000);
    expect(encodeFrame('ping', payload)[1]).toBe(payload);
    expect(encodeFrame('ping', payload.subarray(0, 3)).map(hexOf)).toStrictEqual([
      '4d540470696e6700000003000000',
    ]);
  });

  test.each(['', 'Ping', 'ping2', 'a b', 'ä', 'x'.repeat(MAX_TYPE_BYTES + 1)])(
    'refuses the type %j',
    (type) => {
      expect(() => encodeFrame(type, new Uint8Array(0))).toThrow(
        expect.objectContaining({ code: 'bad_type' }),
      );
    },
  );

  test('accepts the longest type', () => {
    expect(encodeFrame('x'.repeat(MAX_TYPE_BYTES), new Uint8Array(0))[0]).toHaveLength(MAX_TYPE_BYTES + 7);
  });

  test('refuses a payload beyond the limit, and goes on', () => {
    const limit = { maxPayloadBytes: 4 };
    expect(failureOf(() => encodeFrame('ping', new Uint8Array(5), limit))).toMatchObject({
      code: 'payload_too_large',
      message: 'Cannot send ping: its payload has 5 bytes, at most 4 are allowed',
    });
    expect(() => encodeFrame('ping', (writer) => writer.u64(1n), limit)).toThrow(
      expect.objectContaining({ code: 'payload_too_large' }),
    );
    expect(encodeFrame('ping', new Uint8Array(4), limit)).toHaveLength(1);
  });

  test('can be called while a payload is written', () => {
    // The first call leaves a writer for the next, which the inner call must not take as well.
    encodeFrame('ping', new Uint8Array(0));
    let inner: string[] = [];
    const outer = encodeFrame('outer', (writer) => {
      writer.u8(1);
      inner = encodeFrame('inner', (innerWriter) => innerWriter.u8(2)).map(hexOf);
      writer.u8(3);
    });
    expect(inner).toStrictEqual(['4d5405696e6e65720000000102']);
    expect(outer.map(hexOf)).toStrictEqual(['4d54056f75746572000000020103']);
  });

  test('forgets a payload that could not be written', () => {
    const failure = new Error('no');
    const task = (): unknown =>
      encodeFrame('ping', (writer) => {
        writer.bytes(new Uint8Array(5000));
        throw failure;
      });
    expect(failureOf(task)).toBe(failure);
    expect(encodeFrame('ping', new Uint8Array(0)).map(hexOf)).toStrictEqual(['4d540470696e6700000000']);
  });
});
