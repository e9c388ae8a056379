import {
  bytes,
  type Codec,
  decode,
  encode,
  fixedBytes,
  list,
  map,
  optional,
  refine,
  struct,
  text,
  u8,
  u32,
  union,
} from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexBytes } from './golden.ts';
import { failureOf } from './support/failure.ts';

const MOST = Number.MAX_SAFE_INTEGER;
/** The varint 2^53-1: the largest count that can be stated. */
const HUGE = 'ffffffffffffff0f';

describe('a hostile length', () => {
  const cases: Record<string, Codec<unknown>> = {
    list: list(u8, { maxItems: MOST }),
    'list of long items': list(fixedBytes(1_000_000), { maxItems: MOST }),
    'list of unions': list(union('kind', { a: { tag: 1, codec: struct({ id: u32 }) } }), { maxItems: MOST }),
    'list of extensible structs': list(struct({}, { extensible: true }), { maxItems: MOST }),
    'list of refined optionals': list(refine(optional(u8), { name: 'any', check: () => true }), {
      maxItems: MOST,
    }),
    map: map(u32, u8, { maxItems: MOST }),
    text: text({ maxBytes: MOST }),
    bytes: bytes({ maxBytes: MOST }),
  };
  test.each(Object.entries(cases))('of a %s is refused before anything is made of it', (_, codec) => {
    // Would run out of memory, or for years, if it were believed.
    expect(() => decode(codec, hexBytes(`${HUGE}00000000`))).toThrow(
      expect.objectContaining({ code: 'unexpected_end' }),
    );
  });

  test('is refused by the codec’s own limit first', () => {
    const codec = list(u8, { maxItems: 3 });
    expect(() => decode(codec, hexBytes(HUGE))).toThrow(expect.objectContaining({ code: 'too_many_items' }));
  });

  test('cannot be stated for items that take no bytes', () => {
    expect(() => list(struct({}), { maxItems: MOST })).toThrow(TypeError);
    expect(() => list(fixedBytes(0), { maxItems: 5 })).toThrow(TypeError);
    expect(() => map(fixedBytes(0) as never, struct({}), { maxItems: 5 })).toThrow(TypeError);
  });
});

describe('list', () => {
  const codec = list(struct({ port: u8 }), { maxItems: 3 });

  test('refuses more items than allowed', () => {
    const value = Array.from({ length: 4 }, () => ({ port: 1 }));
    expect(() => encode(codec, value)).toThrow(expect.objectContaining({ code: 'too_many_items' }));
    expect(() => decode(codec, hexBytes('0401010101'))).toThrow(
      expect.objectContaining({ code: 'too_many_items' }),
    );
  });

  test('refuses what is no array', () => {
    expect(() => encode(codec, 'abc' as never)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
    expect(() => encode(codec, { length: 1 } as never)).toThrow(
      expect.objectContaining({ code: 'wrong_type' }),
    );
  });

  test('names the item at fault', () => {
    const value = [{ port: 1 }, { port: 256 }];
    expect(failureOf(() => encode(codec, value))).toMatchObject({ path: ['1', 'port'] });
    const flags = list(optional(u8), { maxItems: 3 });
    expect(failureOf(() => decode(flags, hexBytes('03000009')))).toMatchObject({
      code: 'invalid_flag',
      path: ['2'],
      message: 'Cannot read 2: the byte is 9, expected 0 or 1',
    });
  });
});

describe('map', () => {
  const codec = map(text({ maxBytes: 5 }), u8, { maxItems: 2 });

  test('refuses more entries than allowed', () => {
    const value = new Map([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    expect(() => encode(codec, value)).toThrow(expect.objectContaining({ code: 'too_many_items' }));
  });

  test('refuses what is no Map', () => {
    expect(() => encode(codec, { a: 1 } as never)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
  });

  test('names the entry at fault', () => {
    const value = new Map([
      ['a', 1],
      ['b', 256],
    ]);
    expect(failureOf(() => encode(codec, value))).toMatchObject({ path: ['1'] });
    expect(failureOf(() => decode(codec, hexBytes('020161010161')))).toMatchObject({ path: ['1'] });
  });
});

describe('optional', () => {
  test('cannot hold an optional, which would make undefined ambiguous', () => {
    expect(() => optional(optional(u8))).toThrow(TypeError);
  });
});
