import {
  boolean,
  type Codec,
  CodecError,
  decode,
  encode,
  list,
  optional,
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

const fields = {
  name: text({ maxBytes: 20 }),
  age: optional(u8),
  inner: struct({ flags: list(boolean, { maxItems: 5 }), count: varint }),
  last: optional(varint),
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
  const values = arbitraryOf(interpreted);

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

  test('fail alike', () => {
    assertProperty(
      fc.property(values, damageArbitrary, (value, damages) => {
        const bytes = damaged(encode(interpreted, value), damages);
        expect(outcome(() => decode(compiled, bytes))).toStrictEqual(
          outcome(() => decode(interpreted, bytes)),
        );
      }),
    );
    const wrong = [undefined, null, 5, {}, { name: 'x', inner: { flags: [true, 1], count: 1 } }];
    for (const value of wrong as Values[]) {
      expect(outcome(() => encode(compiled, value))).toStrictEqual(outcome(() => encode(interpreted, value)));
    }
  });
});

function outcome(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { code: error.code, path: error.path, message: error.message };
  }
}
