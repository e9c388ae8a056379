import { bytes, struct, text, u32 } from '@minitorrent/wire-codec';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Client, Handlers } from '../src/index.ts';
import { createServer, defineContract, serve, stream, unary } from '../src/index.ts';
import { contract, handlers } from './support/pair.ts';

const KIB = 1024;

describe('defineContract', () => {
  test.each(['', 'Greet', 'greet-1', 'a'.repeat(33), 'hello', 'goodbye', 'ping', 'pong'])(
    'refuses the name "%s"',
    (name) => expect(() => defineContract({ [name]: unary(u32, u32) })).toThrow(TypeError),
  );

  test('bodies may have 64 KiB unless told otherwise', () => {
    expect(unary(u32, u32)).toMatchObject({
      request: { maxBytes: 64 * KIB },
      response: { maxBytes: 64 * KIB },
    });
    expect(unary(u32, u32, { maxRequestBytes: 1, maxResponseBytes: 2 })).toMatchObject({
      request: { maxBytes: 1 },
      response: { maxBytes: 2 },
    });
    expect(stream(u32, u32, { maxItemBytes: 3 })).toMatchObject({
      request: { maxBytes: 64 * KIB },
      item: { maxBytes: 3 },
    });
    expect(() => unary(u32, u32, { maxRequestBytes: -1 })).toThrow(RangeError);
  });
});

describe('serve', () => {
  test('refuses a contract without all its handlers', () => {
    const { greet } = handlers();
    // @ts-expect-error: wait, count and blobs are missing
    expect(() => serve(contract, { greet })).toThrow(/Cannot serve wait/);
  });

  test('handlers keep their this', async () => {
    const one = defineContract({ name: unary(struct({}), u32) });
    const served = serve(one, {
      async name() {
        return Object.keys(this).length;
      },
    });
    const context = {} as never;
    expect(await served.methods.get('name')?.handle({}, context)).toBe(1);
  });
});

describe('types', () => {
  const typed = defineContract({
    greet: unary(struct({ name: text({ maxBytes: 9 }) }), struct({ greeting: text({ maxBytes: 9 }) })),
    pieces: stream(u32, struct({ data: bytes({ maxBytes: 9 }) })),
  });
  type C = typeof typed;

  test('a client follows from the contract', () => {
    expectTypeOf<Client<C>['greet']>().returns.toEqualTypeOf<Promise<{ readonly greeting: string }>>();
    expectTypeOf<Client<C>['greet']>().parameter(0).toEqualTypeOf<{ readonly name: string }>();
    expectTypeOf<Client<C>['pieces']>().returns.toEqualTypeOf<AsyncIterable<{ readonly data: Uint8Array }>>();
    expectTypeOf<keyof Client<C>>().toEqualTypeOf<'greet' | 'pieces'>();
    expectTypeOf<{ windowBytes: number }>().not.toExtend<Parameters<Client<C>['greet']>[1]>();
    expectTypeOf<{ windowBytes: number }>().toExtend<Parameters<Client<C>['pieces']>[1]>();
  });

  test('handlers follow from the contract', () => {
    expectTypeOf<Handlers<C>['greet']>().parameter(0).toEqualTypeOf<{ readonly name: string }>();
    expectTypeOf<Handlers<C>['greet']>().returns.toEqualTypeOf<Promise<{ readonly greeting: string }>>();
    expectTypeOf<Handlers<C>['pieces']>().returns.toEqualTypeOf<
      AsyncIterable<{ readonly data: Uint8Array }>
    >();
    expectTypeOf<Parameters<Handlers<C>['pieces']>[1]['signal']>().toEqualTypeOf<AbortSignal>();
  });

  test('a handler that answers something else does not compile', () => {
    const wrong: Handlers<C> = {
      // @ts-expect-error: greeting is a text
      greet: async () => ({ greeting: 7 }),
      async *pieces() {
        yield { data: new Uint8Array(1) };
      },
    };
    expect(wrong).toBeDefined();
  });

  test('a server is told what it serves', () => {
    expectTypeOf(createServer).parameter(0).toHaveProperty('serve');
  });
});
