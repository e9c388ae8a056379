import {
  boolean,
  type Codec,
  CodecError,
  decode,
  encode,
  enumeration,
  list,
  mapped,
  optional,
  refine,
  struct,
  text,
  u8,
  varint,
} from '@minitorrent/wire-codec';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileStruct } from '../src/struct-compiler.ts';
import { interpretStruct, type StructLayout, type Values } from '../src/struct-layout.ts';
import { assertProperty } from './support/assert-property.ts';
import { damageArbitrary, damaged } from './support/damage.ts';

const even = refine(u8, {
  name: 'even',
  check(value) {
    if (value > 200) throw new RangeError('too large to look at');
    return value % 2 === 0;
  },
});
const doubled = mapped(even, {
  name: 'doubled',
  fromWire: (wire) => String(wire),
  toWire(value) {
    if (value === '') throw new TypeError('it is empty');
    return Number(value);
  },
});
/** Every kind of codec that the compiler makes code for, inside others. */
const fields = {
  name: refine(text({ maxBytes: 20 }), { name: 'name', check: (value) => !value.startsWith('!') }),
  age: optional(u8),
  inner: struct({ flags: list(boolean, { maxItems: 5 }), count: varint }),
  colours: list(optional(enumeration({ red: 1, "green's": 7, '"': 200 })), { maxItems: 6 }),
  rows: list(list(doubled, { maxItems: 3 }), { maxItems: 3 }),
  parts: optional(list(struct({ even }, { extensible: true }), { maxItems: 3 })),
  last: optional(varint),
};
const good = {
  name: 'x',
  age: 1,
  inner: { flags: [true], count: 1 },
  colours: ['red', undefined],
  rows: [['2'], ['4', '6']],
  parts: [{ even: 2 }],
  last: 2,
};
const plain: StructLayout = { names: Object.keys(fields), codecs: Object.values(fields), extensible: false };
const layouts: Record<string, StructLayout> = {
  plain,
  extensible: { ...plain, extensible: true },
  tagged: { ...plain, tag: { discriminant: 'kind', name: `it's a "quoted" name` } },
};

describe.each(Object.entries(layouts))('the two ways to make a %s struct', (_, layout) => {
  const schema = struct(fields).schema;
  const compiled = { schema, ...compileStruct(layout) } as Codec<Values>;
  const interpreted = { schema, ...interpretStruct(layout) };
  const values = arbitraryOf(interpreted, {
    named: {
      even: (beneath) => beneath.map((value) => Number(value) & 0x7e),
      doubled: () => fc.nat(100).map((value) => String(2 * value)),
      name: (beneath) => beneath.map((value) => String(value).replace(/^!+/, '')),
    },
  });

  test('write the same bytes and read the same values', () => {
    assertProperty(
      fc.property(values, (value) => {
        const bytes = encode(interpreted, value);
        expect(encode(compiled, value)).toStrictEqual(bytes);
        expect(decode(compiled, bytes)).toStrictEqual(decode(interpreted, bytes));
        expect(Object.keys(decode(compiled, bytes))).toStrictEqual(Object.keys(decode(interpreted, bytes)));
      }),
    );
  });

  test('judge each byte alike', () => {
    const bytes = encode(interpreted, good);
    for (const at of bytes.keys()) {
      for (const byte of [0, 1, 2, 3, 7, 0x7f, 0x80, 0xff]) {
        const changed = bytes.with(at, byte);
        expect(outcome(() => decode(compiled, changed))).toStrictEqual(
          outcome(() => decode(interpreted, changed)),
        );
      }
    }
  });

  test('fail alike', () => {
    assertProperty(
      fc.property(values, damageArbitrary, (value, damages) => {
        const bytes = damaged(encode(interpreted, value), damages);
        expect(outcome(() => decode(compiled, bytes))).toStrictEqual(
          outcome(() => decode(interpreted, bytes)),
        );
      }),
    );
    const wrong = [
      undefined,
      null,
      5,
      {},
      { ...good, name: '!' },
      { ...good, inner: { flags: [true, 1], count: 1 } },
      { ...good, colours: ['red', 'blue'] },
      { ...good, colours: ['red', undefined, 5] },
      { ...good, colours: { length: 1 } },
      { ...good, colours: Array(7).fill('red') },
      { ...good, rows: [['2'], ['2', '3']] },
      { ...good, rows: [['2'], ['']] },
      { ...good, rows: [[], ['202']] },
      { ...good, parts: [{ even: 2 }, { even: 1 }] },
      { ...good, parts: [{ even: 2 }, undefined] },
      { ...good, last: null },
    ];
    for (const value of wrong as Values[]) {
      expect(outcome(() => encode(interpreted, value))).toMatchObject({ code: expect.any(String) });
      expect(outcome(() => encode(compiled, value))).toStrictEqual(outcome(() => encode(interpreted, value)));
    }
  });
});

test('a copy of a codec with a method of its own is called, not taken for the one that it was copied from', () => {
  const numbers = list(u8, { maxItems: 9 });
  const changed: Codec<readonly number[]> = { ...numbers, read: (reader) => [...numbers.read(reader), 0] };
  const codec = struct({ numbers, changed });
  const bytes = encode(codec, { numbers: [1, 2], changed: [3] });
  expect(decode(codec, bytes)).toStrictEqual({ numbers: [1, 2], changed: [3, 0] });
});

function outcome(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { code: error.code, path: error.path, message: error.message };
  }
}
