/** Damage to bytes as it comes from a faulty or hostile sender, and cuts of a stream as they come from the network. */
import * as fc from 'fast-check';

/** Changes, inserts, removes or cuts off a few bytes; leans to small numbers and 0xff, which lengths are made of. */
export type Damage =
  | { readonly kind: 'change' | 'insert'; readonly place: number; readonly byte: number }
  | { readonly kind: 'remove' | 'cut'; readonly place: number };

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const byte = fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), fc.nat(0xff));

export const damageArbitrary: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constantFrom('change' as const, 'insert' as const), place, byte }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), place }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), place }) },
  ),
  { minLength: 1, maxLength: 4 },
);

/** A copy of `bytes` with each damage done in turn. */
export function damaged(bytes: Uint8Array, damages: readonly Damage[]): Uint8Array {
  const result = [...bytes];
  for (const damage of damages) {
    const index = Math.floor(damage.place * result.length);
    if (damage.kind === 'change' && result.length > 0) result[index] = damage.byte;
    else if (damage.kind === 'insert') result.splice(index, 0, damage.byte);
    else if (damage.kind === 'remove') result.splice(index, 1);
    else if (damage.kind === 'cut') result.length = index;
  }
  return Uint8Array.from(result);
}

/** Places to cut a stream at, as shares of its length. */
export const cutsArbitrary: fc.Arbitrary<readonly number[]> = fc.oneof(
  fc.array(place, { maxLength: 20 }),
  fc.array(place, { minLength: 200, maxLength: 400 }),
);

/** `bytes` in the chunks that `cuts` make; some may be empty. */
export function chunked(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

/** Parts or chunks as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
