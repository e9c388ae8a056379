import { createFrameDecoder, decode, encode, encodeFrame } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import {
  goldenFrameRefusals,
  goldenFrames,
  goldenReadings,
  goldenRefusals,
  goldenValues,
  hexBytes,
  hexOf,
} from './golden.ts';

describe('golden vectors', () => {
  test.each(goldenValues)('$codecText: $valueText is $hex', ({ codec, value, hex }) => {
    expect(hexOf(encode(codec, value))).toBe(hex);
    expect(decode(codec, hexBytes(hex))).toStrictEqual(value);
  });

  test.each(goldenReadings)('$codecText $valueText is read from $hex', ({ codec, value, hex }) => {
    expect(decode(codec, hexBytes(hex))).toStrictEqual(value);
  });

  test.each(goldenRefusals)('$codecText refuses $hex ($why) as $code', ({ codec, hex, code }) => {
    expect(() => decode(codec, hexBytes(hex))).toThrow(expect.objectContaining({ name: 'CodecError', code }));
  });

  test.each(goldenFrames)('a frame $type is $hex', ({ type, payloadHex, hex }) => {
    const parts = encodeFrame(type, hexBytes(payloadHex));
    expect(parts.map(hexOf).join('')).toBe(hex);
    const decoder = createFrameDecoder({ maxPayloadBytes: 16 });
    decoder.push(hexBytes(hex));
    expect(decoder.next()).toStrictEqual({ type, payload: hexBytes(payloadHex) });
  });

  test.each(goldenFrameRefusals)('a stream is refused at $hex ($why) as $code', ({ hex, code }) => {
    const decoder = createFrameDecoder({ maxPayloadBytes: 16 });
    decoder.push(hexBytes(hex));
    expect(() => decoder.next()).toThrow(expect.objectContaining({ name: 'FrameError', code }));
  });
});
