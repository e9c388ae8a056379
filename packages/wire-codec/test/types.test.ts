import {
  type boolean,
  bytes,
  type Codec,
  enumeration,
  type Infer,
  list,
  map,
  mapped,
  optional,
  refine,
  struct,
  text,
  u8,
  u16,
  type u64,
  union,
} from '@minitorrent/wire-codec';
import { describe, expectTypeOf, test } from 'vitest';

type Name = string & { readonly brand: 'Name' };

const name = refine(text({ maxBytes: 20 }), {
  name: 'name',
  check: (value): value is Name => value !== '',
});
const address = struct({ host: name, port: u16, note: optional(text({ maxBytes: 5 })) });
const message = union('kind', {
  hello: { tag: 1, codec: struct({ from: address }) },
  stop: { tag: 2, codec: struct({}) },
});

describe('the type of a codec’s values', () => {
  test('is inferred for numbers, flags, text and bytes', () => {
    expectTypeOf<Infer<typeof u8>>().toEqualTypeOf<number>();
    expectTypeOf<Infer<typeof u64>>().toEqualTypeOf<bigint>();
    expectTypeOf<Infer<typeof boolean>>().toEqualTypeOf<boolean>();
    const data = bytes({ maxBytes: 5 });
    expectTypeOf<Infer<typeof data>>().toEqualTypeOf<Uint8Array>();
  });

  test('is inferred for collections, read only', () => {
    expectTypeOf(list(u8, { maxItems: 5 })).toEqualTypeOf<Codec<readonly number[]>>();
    expectTypeOf(map(name, u8, { maxItems: 5 })).toEqualTypeOf<Codec<ReadonlyMap<Name, number>>>();
    expectTypeOf(optional(name)).toEqualTypeOf<Codec<Name | undefined>>();
    // @ts-expect-error two arrays of the same bytes are two keys
    map(bytes({ maxBytes: 5 }), u8, { maxItems: 5 });
    // @ts-expect-error a list has no default limit
    const unlimited = (): unknown => list(u8);
    expectTypeOf(unlimited).toBeFunction();
  });

  test('is inferred for structs, with optional properties', () => {
    expectTypeOf<Infer<typeof address>>().toEqualTypeOf<{
      readonly host: Name;
      readonly port: number;
      readonly note?: string | undefined;
    }>();
    // @ts-expect-error a string is not a Name until it was checked
    const wrong: Infer<typeof address> = { host: 'peer', port: 1 };
    // @ts-expect-error a field is missing
    const missing: Infer<typeof address> = { port: 1 };
    expectTypeOf([wrong, missing]).toBeArray();
  });

  test('is a discriminated union for unions', () => {
    expectTypeOf<Infer<typeof message>>().toEqualTypeOf<
      { readonly kind: 'hello'; readonly from: Infer<typeof address> } | { readonly kind: 'stop' }
    >();
    // @ts-expect-error only structs can be variants: they have room for the discriminant
    const textual = (): unknown => union('kind', { text: { tag: 1, codec: text({ maxBytes: 5 }) } });
    expectTypeOf(textual).toBeFunction();
  });

  test('is the names of an enumeration', () => {
    const verdict = enumeration({ accept: 1, refuse: 2 });
    expectTypeOf<Infer<typeof verdict>>().toEqualTypeOf<'accept' | 'refuse'>();
  });

  test('follows refinements and mappings', () => {
    expectTypeOf(name).toEqualTypeOf<Codec<Name>>();
    const even = refine(u8, { name: 'even', check: (value) => value % 2 === 0 });
    expectTypeOf(even).toEqualTypeOf<Codec<number>>();
    const url = mapped(text({ maxBytes: 50 }), {
      name: 'url',
      fromWire: (wire) => new URL(wire),
      toWire: (value) => value.href,
    });
    expectTypeOf(url).toEqualTypeOf<Codec<URL>>();
  });
});
