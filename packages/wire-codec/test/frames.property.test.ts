import {
  bytes,
  CodecError,
  createFrameDecoder,
  decode,
  encodeFrame,
  type Frame,
  FrameError,
  list,
  struct,
  text,
  union,
  varint,
} from '@minitorrent/wire-codec';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assertProperty } from './support/assert-property.ts';
import { chunked, cutsArbitrary, damageArbitrary, damaged, joined } from './support/damage.ts';

const MAX_PAYLOAD_BYTES = 20_000;

const message = union('kind', {
  pieces: { tag: 1, codec: struct({ wanted: list(varint, { maxItems: 50 }) }) },
  piece: { tag: 2, codec: struct({ index: varint, data: bytes({ maxBytes: 16_384 }) }) },
  refused: { tag: 3, codec: struct({ reason: text({ maxBytes: 100 }) }, { extensible: true }) },
});
const types = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_'),
  minLength: 1,
  maxLength: 32,
});
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  // Around the length from which bytes go by reference, and over several chunks.
  fc
    .integer({ min: 4000, max: 20_000 })
    .map((length) => Uint8Array.from({ length }, (_, index) => index % 251)),
);
const frames = fc.array(fc.record({ type: types, payload: payloads }, { noNullPrototype: true }), {
  maxLength: 6,
});
const messages = fc.array(
  arbitraryOf(message).map((value) => encodeFrame('message', (writer) => message.write(writer, value))),
  { minLength: 1, maxLength: 4 },
);

describe('a stream of frames', () => {
  test('gives the same frames in any split', () => {
    assertProperty(
      fc.property(frames, cutsArbitrary, (sent, cuts) => {
        const stream = joined(sent.flatMap(({ type, payload }) => encodeFrame(type, payload)));
        expect(receive(chunked(stream, cuts))).toStrictEqual({ frames: sent, failure: undefined });
      }),
    );
  });

  test('gives the same frames out of lent memory and into memory that is given', () => {
    const lendings = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
    assertProperty(
      fc.property(frames, cutsArbitrary, lendings, fc.boolean(), (sent, cuts, lent, isGiven) => {
        const stream = joined(sent.flatMap(({ type, payload }) => encodeFrame(type, payload)));
        const allocate = (byteLength: number) => new Uint8Array(byteLength + 3).fill(0xee);
        const decoder = createFrameDecoder({
          maxPayloadBytes: MAX_PAYLOAD_BYTES,
          ...(isGiven ? { allocate } : {}),
        });
        const got: Frame[] = [];
        for (const [index, chunk] of chunked(stream, cuts).entries()) {
          const copy = chunk.slice();
          if (lent[index % lent.length]) {
            decoder.pushLent(copy);
            copy.fill(0xdd);
          } else decoder.push(copy);
          for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) got.push(frame);
        }
        decoder.end();
        expect(got).toStrictEqual(sent);
      }),
    );
  });

  test('is incomplete at every strict prefix of a frame', () => {
    assertProperty(
      fc.property(types, fc.uint8Array({ maxLength: 60 }), (type, payload) => {
        const whole = joined(encodeFrame(type, payload));
        for (let length = 1; length < whole.length; length++) {
          const decoder = createFrameDecoder({ maxPayloadBytes: MAX_PAYLOAD_BYTES });
          decoder.push(whole.subarray(0, length));
          expect(decoder.next()).toBeUndefined();
          expect(decoder.bufferedBytes).toBe(length);
          expect(() => decoder.end()).toThrow(expect.objectContaining({ code: 'truncated' }));
        }
      }),
    );
  });

  test('fails in the same place in any split when it is damaged, and never in another way', () => {
    assertProperty(
      fc.property(messages, damageArbitrary, cutsArbitrary, (sent, damages, cuts) => {
        const stream = damaged(joined(sent.flat()), damages);
        const whole = receive([stream]);
        expect(receive(chunked(stream, cuts))).toStrictEqual(whole);
        for (const { payload } of whole.frames) expectValueOrCodecError(payload);
      }),
    );
  });
});

interface Received {
  readonly frames: readonly Frame[];
  readonly failure: string | undefined;
}

function receive(chunks: readonly Uint8Array[]): Received {
  const decoder = createFrameDecoder({ maxPayloadBytes: MAX_PAYLOAD_BYTES });
  const received: Frame[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) received.push(frame);
    }
    decoder.end();
    return { frames: received, failure: undefined };
  } catch (error) {
    if (error instanceof FrameError) return { frames: received, failure: error.code };
    throw error;
  }
}

function expectValueOrCodecError(payload: Uint8Array): void {
  try {
    decode(message, payload);
  } catch (error) {
    expect(error).toBeInstanceOf(CodecError);
  }
}
