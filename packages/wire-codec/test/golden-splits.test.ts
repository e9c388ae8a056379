/** Golden frames in every split: where the network cuts a stream must never matter. */
import { createFrameDecoder, encodeFrame, type Frame, FrameError } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { goldenFrameRefusals, goldenFrames, hexBytes } from './golden.ts';
import { joined } from './support/damage.ts';

interface Reading {
  readonly frames: readonly Frame[];
  readonly failure: string | undefined;
}

function read(chunks: readonly Uint8Array[]): Reading {
  const decoder = createFrameDecoder({ maxPayloadBytes: 16 });
  const frames: Frame[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
    }
    return { frames, failure: undefined };
  } catch (error) {
    if (error instanceof FrameError) return { frames, failure: error.code };
    throw error;
  }
}

/** Every way to cut `bytes` in two and in three, and into single bytes; some parts are empty. */
function* splitsOf(bytes: Uint8Array): Generator<readonly Uint8Array[]> {
  yield [...bytes].map((byte) => Uint8Array.of(byte));
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      yield [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
    }
  }
}

describe('every split of every golden frame', () => {
  test.each(goldenFrames)('gives the same frame: $type', ({ type, payloadHex, hex }) => {
    const frame = { type, payload: hexBytes(payloadHex) };
    for (const chunks of splitsOf(hexBytes(hex))) {
      expect(read(chunks)).toStrictEqual({ frames: [frame], failure: undefined });
    }
  });

  test('gives the same frames where they follow each other', () => {
    const stream = joined(goldenFrames.map(({ hex }) => hexBytes(hex)));
    const frames = goldenFrames.map(({ type, payloadHex }) => ({ type, payload: hexBytes(payloadHex) }));
    for (const chunks of splitsOf(stream)) expect(read(chunks)).toStrictEqual({ frames, failure: undefined });
  });

  test('gives the same long frame, whose parts are gathered', () => {
    const payload = Uint8Array.from({ length: 16 }, (_, at) => at);
    const stream = joined([...encodeFrame('a', payload), ...encodeFrame('b', payload)]);
    const frames = [
      { type: 'a', payload },
      { type: 'b', payload },
    ];
    for (const chunks of splitsOf(stream)) expect(read(chunks)).toStrictEqual({ frames, failure: undefined });
  });

  test.each(goldenFrameRefusals)('is refused for the same reason: $why', ({ hex, code }) => {
    const good = joined(encodeFrame('ping', new Uint8Array()));
    const frames = [{ type: 'ping', payload: new Uint8Array() }];
    for (const chunks of splitsOf(joined([good, hexBytes(hex)]))) {
      expect(read(chunks)).toStrictEqual({ frames, failure: code });
    }
  });
});
