import { decode, encode, enumeration, struct, text, u8, union } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexBytes } from './golden.ts';
import { failureOf } from './support/failure.ts';

const message = union('kind', {
  ask: { tag: 1, codec: struct({ piece: u8 }) },
  stop: { tag: 255, codec: struct({}) },
});

describe('union', () => {
  test('puts the discriminant first', () => {
    expect(Object.entries(decode(message, hexBytes('0105')))).toStrictEqual([
      ['kind', 'ask'],
      ['piece', 5],
    ]);
    expect(decode(message, hexBytes('ff'))).toStrictEqual({ kind: 'stop' });
  });

  test('names the variant and field at fault', () => {
    expect(failureOf(() => encode(message, { kind: 'ask', piece: 256 }))).toMatchObject({
      path: ['ask', 'piece'],
    });
    expect(failureOf(() => decode(message, hexBytes('01')))).toMatchObject({ path: ['ask', 'piece'] });
  });

  test.each([{ kind: 'other' }, { kind: 'toString' }, { kind: undefined }, {}])('refuses %o', (value) => {
    expect(() => encode(message, value as never)).toThrow(expect.objectContaining({ code: 'unknown_tag' }));
  });

  test.each([undefined, null, 'ask'])('refuses %o as wrong_type', (value) => {
    expect(() => encode(message, value as never)).toThrow(expect.objectContaining({ code: 'wrong_type' }));
  });

  test('takes any text as the name of a variant', () => {
    const codec = union('kind', { "it's": { tag: 1, codec: struct({ a: u8 }) } });
    expect(decode(codec, hexBytes('0105'))).toStrictEqual({ kind: "it's", a: 5 });
  });

  test('refuses variants that cannot be told apart', () => {
    const codec = struct({});
    expect(() => union('kind', { a: { tag: 1, codec }, b: { tag: 1, codec } })).toThrow(TypeError);
    expect(() => union('kind', { a: { tag: 256, codec } })).toThrow(RangeError);
    expect(() => union('kind', {})).toThrow(TypeError);
    expect(() => union('kind', { a: { tag: 1, codec: struct({ kind: u8 }) } })).toThrow(TypeError);
    expect(() => union('not a name', { a: { tag: 1, codec } })).toThrow(TypeError);
  });
});

describe('enumeration', () => {
  const verdict = enumeration({ accept: 1, refuse: 2 });

  test.each(['other', 'constructor', 1, undefined])('refuses %o', (value) => {
    expect(() => encode(verdict, value as never)).toThrow(expect.objectContaining({ code: 'unknown_value' }));
  });

  test('refuses numbers that cannot be told apart', () => {
    expect(() => enumeration({ a: 1, b: 1 })).toThrow(TypeError);
    expect(() => enumeration({ a: -1 })).toThrow(RangeError);
    expect(() => enumeration({})).toThrow(TypeError);
  });

  test('does not show what a remote value was made of', () => {
    const codec = struct({ verdict, note: text({ maxBytes: 5 }) });
    expect(failureOf(() => decode(codec, hexBytes('0900')))).toMatchObject({
      message: 'Cannot read verdict: 9 is not one of its numbers',
    });
  });
});
