import { type Codec, CodecError, decode, encode } from '@minitorrent/wire-codec';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goldenReadings, goldenValues } from './golden.ts';
import { assertProperty } from './support/assert-property.ts';
import { damageArbitrary, damaged } from './support/damage.ts';

const codecs = new Map(goldenValues.map(({ codecText, codec }) => [codecText, codec]));
// An extensible struct has several forms on purpose: with and without the fields that others know.
const extensible = new Set(goldenReadings.map(({ codecText }) => codecText));

describe.each([...codecs])('%s', (codecText, codec) => {
  const values = arbitraryOf(codec);

  test('reads what it wrote', () => {
    assertProperty(
      fc.property(values, (value) => {
        expect(decode(codec, encode(codec, value))).toStrictEqual(value);
      }),
    );
  });

  test('fails on every strict prefix', () => {
    assertProperty(
      fc.property(values, (value) => {
        const whole = encode(codec, value);
        for (let length = 0; length < whole.length; length++) {
          expect(attempt(codec, whole.subarray(0, length))).toMatchObject({ code: 'unexpected_end' });
        }
      }),
    );
  });

  test('fails with a coded error or reads the one form there is, whatever the bytes', () => {
    assertProperty(
      fc.property(values, damageArbitrary, (value, damages) => {
        const bytes = damaged(encode(codec, value), damages);
        const result = attempt(codec, bytes);
        if (result instanceof CodecError) return;
        const again = encode(codec, result);
        if (extensible.has(codecText)) expect(decode(codec, again)).toStrictEqual(result);
        else expect(again).toStrictEqual(bytes);
      }),
    );
  });

  test('fails with a coded error or reads the one form there is, from random bytes', () => {
    assertProperty(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const result = attempt(codec, bytes);
        if (!(result instanceof CodecError) && !extensible.has(codecText)) {
          expect(encode(codec, result)).toStrictEqual(bytes);
        }
      }),
    );
  });
});

/** The value, or the CodecError; anything else that is thrown fails the test. */
function attempt(codec: Codec<unknown>, bytes: Uint8Array): unknown {
  try {
    return decode(codec, bytes);
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
}
