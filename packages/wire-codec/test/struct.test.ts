import {
  type Codec,
  decode,
  encode,
  list,
  optional,
  struct,
  text,
  u8,
  u16,
  union,
} from '@minitorrent/wire-codec';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { compileStruct } from '../src/struct-compiler.ts';
import { hexBytes, hexOf } from './golden.ts';
import { failureOf } from './support/failure.ts';

const address = struct({ host: text({ maxBytes: 20 }), port: u16 });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('struct', () => {
  test('names the field at fault, through all levels', () => {
    const file = struct({ peers: list(struct({ address }), { maxItems: 5 }) });
    const value = { peers: [{ address: { host: 'a', port: 1 } }, { address: { host: 'b', port: 65_536 } }] };
    expect(failureOf(() => encode(file, value))).toMatchObject({
      code: 'out_of_range',
      path: ['peers', '1', 'address', 'port'],
      message: 'Cannot write peers.1.address.port: 65536 is not an integer from 0 to 65535',
    });
    expect(failureOf(() => decode(file, hexBytes('0101610000').subarray(0, 4)))).toMatchObject({
      code: 'unexpected_end',
      path: ['peers', '0', 'address', 'port'],
      message: 'Cannot read peers.0.address.port: it needs 2 bytes, 1 are left',
    });
  });

  test.each([undefined, null, 5, 'text'])('refuses %o as wrong_type', (value) => {
    expect(() => encode(address, value as never)).toThrow(
      expect.objectContaining({ code: 'wrong_type', path: [] }),
    );
  });

  test('refuses a value without one of its fields', () => {
    expect(failureOf(() => encode(address, { host: 'a' } as never))).toMatchObject({
      code: 'wrong_type',
      path: ['port'],
    });
  });

  test('writes an optional field that was left out like an undefined one', () => {
    const codec = struct({ nick: optional(text({ maxBytes: 5 })), age: u8 });
    expect(encode(codec, { age: 5 })).toStrictEqual(encode(codec, { nick: undefined, age: 5 }));
    expect(decode(codec, hexBytes('0005'))).toStrictEqual({ nick: undefined, age: 5 });
  });

  test('ignores properties that are no fields', () => {
    const value = { host: 'a', port: 1, extra: 5 };
    expect(decode(address, encode(address, value))).toStrictEqual({ host: 'a', port: 1 });
  });

  test('has nothing of a prototype in its way', () => {
    const codec = struct({ constructor: u8, toString: u8, hasOwnProperty: u8 });
    const value = { constructor: 1, toString: 2, hasOwnProperty: 3 };
    expect(decode(codec, encode(codec, value))).toStrictEqual(value);
  });

  test.each(['__proto__', '0', 'a b', 'a-b', '', 'ü', 'a;b', '_a'])(
    'refuses %j as the name of a field',
    (name) => {
      expect(() => struct(Object.fromEntries([[name, u8]]))).toThrow(TypeError);
    },
  );

  test('passes on what is no CodecError, which a codec made by hand may throw', () => {
    const failure = new Error('no');
    const broken: Codec<number> = {
      schema: u8.schema,
      write() {
        throw failure;
      },
      read: (reader) => reader.u8(),
    };
    expect(failureOf(() => encode(struct({ broken }), { broken: 5 }))).toBe(failure);
  });

  test('is compiled once, when it is first used, also in a copy of the codec', () => {
    let compilations = 0;
    vi.stubGlobal(
      'Function',
      class extends Function {
        constructor(...source: string[]) {
          compilations++;
          super(...source);
        }
      },
    );
    const codec = struct({ port: u16 });
    const copy = { ...codec };
    expect(compilations).toBe(0);
    for (let port = 1; port < 5; port++) {
      expect(decode(codec, encode(codec, { port }))).toStrictEqual({ port });
      expect(decode(copy, encode(copy, { port }))).toStrictEqual({ port });
    }
    expect(compilations).toBe(1);
  });

  test('works the same where generated code is forbidden', () => {
    vi.stubGlobal('Function', () => {
      throw new EvalError('forbidden by the content security policy');
    });
    expect(compileStruct({ names: ['a'], codecs: [u8], extensible: false })).toBeUndefined();
    const message = union('kind', {
      hello: { tag: 1, codec: struct({ version: u8, name: optional(u8) }, { extensible: true }) },
    });
    const value = { kind: 'hello', version: 3, name: undefined } as const;
    expect(hexOf(encode(message, value))).toBe('01000000020300');
    expect(decode(message, hexBytes('01000000020300'))).toStrictEqual(value);
    expect(decode(message, hexBytes('010000000103'))).toStrictEqual(value);
  });
});

describe('an extensible struct', () => {
  const old = struct({ version: u8 }, { extensible: true });
  const young = struct({ version: u8, name: optional(text({ maxBytes: 5 })) }, { extensible: true });
  const pair = struct({ hello: old, next: u16 });

  test('is read by an older reader, which skips what it does not know', () => {
    const youngPair = struct({ hello: young, next: u16 });
    const bytes = encode(youngPair, { hello: { version: 2, name: 'mt' }, next: 7 });
    expect(decode(pair, bytes)).toStrictEqual({ hello: { version: 2 }, next: 7 });
  });

  test('is read from an older writer, whose missing fields are undefined', () => {
    expect(decode(young, encode(old, { version: 1 }))).toStrictEqual({ version: 1, name: undefined });
  });

  test('needs the fields that are not optional', () => {
    const strict = struct({ version: u8, port: u16 }, { extensible: true });
    expect(failureOf(() => decode(strict, encode(old, { version: 1 })))).toMatchObject({
      code: 'unexpected_end',
      path: ['port'],
    });
  });

  test('keeps its readers inside its length', () => {
    // States one byte, so the text may not run into the bytes behind.
    expect(() => decode(young, hexBytes('0000000301010261626364'))).toThrow(
      expect.objectContaining({ code: 'unexpected_end', path: ['name'] }),
    );
  });

  test('states no more than is there', () => {
    expect(() => decode(pair, hexBytes('ffffffff020007'))).toThrow(
      expect.objectContaining({ code: 'unexpected_end', path: ['hello'] }),
    );
  });
});
