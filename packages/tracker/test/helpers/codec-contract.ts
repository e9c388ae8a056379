/** What every codec of this package must do: round trip, no prefix, and the bytes that it always had. */
import type { Codec } from '@minitorrent/wire-codec';
import { CodecError, decode, encode } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/hex.ts';
import { wireValues } from './wire-values.ts';

/** A codec, and a value whose bytes are fixed for ever. */
export interface Sample<T = unknown> {
  readonly codec: Codec<T>;
  readonly value: T;
}

/** Names the types of one sample's codec and value as equal. */
export function sample<T>(codec: Codec<T>, value: NoInfer<T>): Sample {
  // The two were just checked to belong together.
  return { codec, value } as Sample;
}

export function codecContract(
  samples: Readonly<Record<string, Sample>>,
  vectors: Readonly<Record<string, string>>,
): void {
  describe.each(Object.entries(samples))('%s', (name, { codec, value }) => {
    it('has the bytes that it always had', () => {
      expect(toHex(encode(codec, value))).toBe(vectors[name]);
      expect(decode(codec, fromHex(vectors[name] ?? ''))).toEqual(value);
    });

    it('comes back as it was, and fails when its end is missing', async () => {
      await fc.assert(
        fc.property(wireValues(codec), (any) => {
          const bytes = encode(codec, any).slice();
          expect(decode(codec, bytes)).toEqual(any);
          expect(readablePrefix(codec, bytes)).toBeUndefined();
        }),
        { numRuns: 25 },
      );
    });
  });

  it('has a vector for each sample, and no others', () => {
    expect(Object.keys(vectors).sort()).toEqual(Object.keys(samples).sort());
  });
}

/** The length of a strict prefix that can be read all the same, if there is one. */
function readablePrefix(codec: Codec<unknown>, bytes: Uint8Array): number | undefined {
  for (let length = 0; length < bytes.length; length += 1) {
    try {
      decode(codec, bytes.subarray(0, length));
      return length;
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
    }
  }
  return undefined;
}
