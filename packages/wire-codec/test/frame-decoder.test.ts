import { createFrameDecoder, encodeFrame } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexBytes } from './golden.ts';
import { joined } from './support/damage.ts';
import { failureOf } from './support/failure.ts';

const MEBIBYTE = 1_048_576;

describe('createFrameDecoder', () => {
  test('gives payloads inside one chunk as views of it', () => {
    const chunk = joined([...encodeFrame('a', hexBytes('0102')), ...encodeFrame('b', new Uint8Array(0))]);
    const decoder = createFrameDecoder({ maxPayloadBytes: 10 });
    decoder.push(chunk);
    const frame = decoder.next();
    expect(frame).toStrictEqual({ type: 'a', payload: hexBytes('0102') });
    expect(frame?.payload.buffer).toBe(chunk.buffer);
    expect(decoder.next()).toStrictEqual({ type: 'b', payload: new Uint8Array(0) });
    expect(decoder.next()).toBeUndefined();
    expect(decoder.bufferedBytes).toBe(0);
    decoder.end();
  });

  test('gives plain arrays from Buffers', () => {
    const decoder = createFrameDecoder({ maxPayloadBytes: 10 });
    decoder.push(Buffer.concat(encodeFrame('a', hexBytes('0102'))));
    expect(decoder.next()?.payload.constructor).toBe(Uint8Array);
  });

  test('tells types apart that open alike, whichever came before, in chunks of any length', () => {
    const types = ['ab', 'aa', 'abc', 'abc', 'ab', 'ba', 'abd', 'a', 'aa', 'abd'];
    const stream = joined(types.flatMap((type) => encodeFrame(type, hexBytes('01'))));
    for (const chunkBytes of [1, 3, 7, stream.length]) {
      const decoder = createFrameDecoder({ maxPayloadBytes: 10 });
      const read: (string | undefined)[] = [];
      for (let start = 0; start < stream.length; start += chunkBytes) {
        decoder.push(stream.slice(start, start + chunkBytes));
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) read.push(frame.type);
      }
      expect(read).toStrictEqual(types);
    }
  });

  test('asks for the limit of each type before its payload comes', () => {
    const asked: string[] = [];
    const decoder = createFrameDecoder({
      maxPayloadBytes(type) {
        asked.push(type);
        return type === 'small' ? 1 : 100;
      },
    });
    decoder.push(joined(encodeFrame('large', new Uint8Array(50))));
    expect(decoder.next()?.payload).toHaveLength(50);
    decoder.push(hexBytes('4d5405736d616c6c00000002'));
    expect(failureOf(() => decoder.next())).toMatchObject({
      code: 'payload_too_large',
      message: 'Cannot read small: its payload has 2 bytes, at most 1 are allowed',
    });
    expect(asked).toStrictEqual(['large', 'small']);
  });

  test('refuses where the limit is not a number', () => {
    const decoder = createFrameDecoder({ maxPayloadBytes: () => Number.NaN });
    decoder.push(joined(encodeFrame('a', new Uint8Array(0))));
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'payload_too_large' }));
  });

  test('passes on what the limit throws, and stays failed', () => {
    const failure = new Error('no');
    const decoder = createFrameDecoder({
      maxPayloadBytes() {
        throw failure;
      },
    });
    decoder.push(joined(encodeFrame('a', new Uint8Array(0))));
    expect(failureOf(() => decoder.next())).toBe(failure);
    expect(failureOf(() => decoder.next())).toBe(failure);
  });

  test('stays failed, with the same error', () => {
    const decoder = createFrameDecoder({ maxPayloadBytes: 10 });
    decoder.push(joined([hexBytes('000000'), ...encodeFrame('a', new Uint8Array(0))]));
    const failure = failureOf(() => decoder.next());
    expect(failure).toMatchObject({ code: 'bad_magic' });
    expect(failureOf(() => decoder.next())).toBe(failure);
    expect(failureOf(() => decoder.push(new Uint8Array(1)))).toBe(failure);
    expect(failureOf(() => decoder.pushLent(new Uint8Array(1)))).toBe(failure);
    expect(failureOf(() => decoder.end())).toBe(failure);
  });

  test('gives the frames before a failure first', () => {
    const decoder = createFrameDecoder({ maxPayloadBytes: 10 });
    decoder.push(joined([...encodeFrame('a', new Uint8Array(1)), hexBytes('ffffff')]));
    expect(decoder.next()?.type).toBe('a');
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'bad_magic' }));
  });

  test('stays failed after an end inside a frame', () => {
    const decoder = createFrameDecoder({ maxPayloadBytes: 10 });
    decoder.push(hexBytes('4d5401'));
    expect(decoder.next()).toBeUndefined();
    expect(failureOf(() => decoder.end())).toMatchObject({
      code: 'truncated',
      message: 'Cannot read a frame: the stream ended 3 bytes into it',
    });
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'truncated' }));
  });

  test('counts the bytes of the frame begun, its header too', () => {
    const whole = joined(encodeFrame('abc', new Uint8Array(5)));
    const decoder = createFrameDecoder({ maxPayloadBytes: 10 });
    for (let length = 1; length < whole.length; length++) {
      decoder.push(whole.subarray(length - 1, length));
      expect(decoder.next()).toBeUndefined();
      expect(decoder.bufferedBytes).toBe(length);
    }
  });

  test('copies what spans chunks into the memory that it is given, and asks for none before all is here', () => {
    const memory = new Uint8Array(200).fill(7);
    const asked: number[] = [];
    const allocate = (byteLength: number): Uint8Array => {
      asked.push(byteLength);
      return memory;
    };
    const payload = Uint8Array.from({ length: 100 }, (_, index) => index);
    const whole = joined(encodeFrame('a', payload));
    const decoder = createFrameDecoder({ maxPayloadBytes: 100, allocate });
    decoder.push(whole);
    expect(decoder.next()?.payload.buffer).toBe(whole.buffer);
    decoder.push(whole.subarray(0, 5));
    expect(decoder.next()).toBeUndefined();
    expect(asked).toEqual([]);
    decoder.push(whole.subarray(5, 50));
    expect(decoder.next()).toBeUndefined();
    expect(asked).toEqual([100]);
    expect(decoder.bufferedBytes).toBe(50);
    decoder.push(whole.subarray(50));
    const frame = decoder.next();
    expect(asked).toEqual([100]);
    expect(frame?.payload).toEqual(payload);
    expect(frame?.payload.buffer).toBe(memory.buffer);
    expect(memory.subarray(100)).toEqual(new Uint8Array(100).fill(7));
    expect(decoder.bufferedBytes).toBe(0);
  });

  test('allocates nothing for a declared length', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 100 }, () => {
      const decoder = createFrameDecoder({ maxPayloadBytes: 2 ** 32 - 1 });
      decoder.push(hexBytes('4d540470696e67ffffffff00'));
      expect(decoder.next()).toBeUndefined();
      return decoder;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MEBIBYTE);
    expect(decoders).toHaveLength(100);
  });

  test.each([1, 7, 1000, 1024, 5000, 65_536])(
    'copies each byte at most twice in chunks of %i bytes',
    (size) => {
      const payload = Uint8Array.from({ length: MEBIBYTE }, (_, index) => index % 251);
      const stream = joined(encodeFrame('piece', payload));
      const decoder = createFrameDecoder({ maxPayloadBytes: MEBIBYTE });
      const copiedBytes = countCopiedBytes(() => {
        for (let start = 0; start < stream.length; start += size) {
          if (decoder.next() !== undefined) throw new Error('The frame came early');
          decoder.push(stream.subarray(start, start + size));
        }
        expect(Buffer.compare(decoder.next()?.payload ?? new Uint8Array(0), payload)).toBe(0);
      });
      expect(copiedBytes / stream.length).toBeLessThanOrEqual(size < 1024 ? 2 : 1.01);
    },
  );
});

/** Counts the bytes that go through `set`, the only way in which the decoder copies. */
function countCopiedBytes(task: () => void): number {
  const set = Uint8Array.prototype.set;
  let total = 0;
  Uint8Array.prototype.set = function (this: Uint8Array, source, offset) {
    total += source.length;
    set.call(this, source, offset);
  };
  try {
    task();
    return total;
  } finally {
    Uint8Array.prototype.set = set;
  }
}
