import { CodecError, decode, encode, mapped, refine, struct, text, u16 } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import { hexBytes } from './golden.ts';
import { failureOf } from './support/failure.ts';

const even = refine(u16, { name: 'even number', check: (value) => value % 2 === 0 });
const thrown = new Error('no');
function fail(): never {
  throw thrown;
}

describe('refine', () => {
  test('checks on the way out and on the way in', () => {
    const codec = struct({ even });
    expect(failureOf(() => encode(codec, { even: 3 }))).toMatchObject({
      code: 'refused',
      path: ['even'],
      message: 'Cannot write even: it is not a valid even number',
    });
    expect(failureOf(() => decode(codec, hexBytes('0003')))).toMatchObject({
      code: 'refused',
      message: 'Cannot read even: it is not a valid even number',
    });
  });

  test('wraps what its check throws', () => {
    const codec = refine(u16, { name: 'number', check: fail });
    expect(failureOf(() => decode(codec, hexBytes('0003')))).toMatchObject({
      code: 'refused',
      cause: thrown,
    });
    expect(failureOf(() => encode(codec, 3))).toMatchObject({ code: 'refused', cause: thrown });
  });
});

describe('mapped', () => {
  test('wraps what its functions throw', () => {
    const codec = mapped(u16, { name: 'number', fromWire: fail, toWire: fail });
    expect(failureOf(() => decode(codec, hexBytes('0003')))).toMatchObject({
      code: 'refused',
      cause: thrown,
    });
    expect(failureOf(() => encode(codec, 3 as never))).toMatchObject({ code: 'refused', cause: thrown });
  });

  test('can code a message of its own inside', () => {
    const inner = struct({ name: text({ maxBytes: 20 }) });
    const codec = struct({
      before: u16,
      hex: mapped(text({ maxBytes: 100 }), {
        name: 'inner message',
        fromWire: (wire) => decode(inner, hexBytes(wire)),
        toWire: (value: { readonly name: string }) => Buffer.from(encode(inner, value)).toString('hex'),
      }),
      after: u16,
    });
    const value = { before: 1, hex: { name: 'nested' }, after: 2 };
    expect(decode(codec, encode(codec, value))).toStrictEqual(value);
    expect(failureOf(() => decode(codec, hexBytes('00010230310002')))).toBeInstanceOf(CodecError);
  });
});
