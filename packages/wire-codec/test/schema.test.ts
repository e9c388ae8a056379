import {
  boolean,
  bytes,
  type Codec,
  enumeration,
  fixedBytes,
  list,
  map,
  mapped,
  optional,
  recursive,
  refine,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  varint,
} from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { minWireBytes } from '../src/schema.ts';

const pair = struct({ first: u16, second: optional(u32) });
const cases: readonly [string, Codec<unknown>, number][] = [
  ['u8', u8, 1],
  ['u16', u16, 2],
  ['u32', u32, 4],
  ['u64', u64, 8],
  ['varint', varint, 1],
  ['boolean', boolean, 1],
  ['text', text({ maxBytes: 9 }), 1],
  ['bytes', bytes({ maxBytes: 9 }), 1],
  ['fixedBytes', fixedBytes(32), 32],
  ['optional', optional(u64), 1],
  ['list', list(u64, { maxItems: 9 }), 1],
  ['map', map(u64, u64, { maxItems: 9 }), 1],
  ['struct', pair, 3],
  ['extensible struct', struct({ first: u64 }, { extensible: true }), 4],
  ['union', union('kind', { a: { tag: 1, codec: pair }, b: { tag: 2, codec: struct({ id: u64 }) } }), 4],
  ['enumeration', enumeration({ a: 1 }), 1],
  ['refined', refine(u16, { name: 'any', check: () => true }), 2],
  ['mapped', mapped(u16, { name: 'same', fromWire: (wire) => wire, toWire: (value) => value }), 2],
  ['recursive', recursive(() => u64), 1],
];

describe('minWireBytes', () => {
  test.each(cases)('of a codec of kind %s', (_, codec, expected) => {
    expect(minWireBytes(codec.schema)).toBe(expected);
  });
});
