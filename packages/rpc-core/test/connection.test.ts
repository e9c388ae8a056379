import { text, u32 } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import type { Interceptor } from '../src/index.ts';
import { defineContract, RpcError, serve, stream, unary } from '../src/index.ts';
import { codeOf, collect, connectPair, contract, handlers } from './support/pair.ts';

describe('createConnection', () => {
  test('a unary call is answered by its handler', async () => {
    const pair = await connectPair();
    const client = pair.near.client(contract);
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    await pair.end();
  });

  test('a stream yields its items in order and ends', async () => {
    const pair = await connectPair();
    const numbers = await collect(pair.near.client(contract).count({ to: 1000 }, { windowBytes: 500 }));
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    await pair.end();
  });

  test('both sides call and serve, from inside a handler too', async () => {
    const back = defineContract({ square: unary(u32, u32) });
    const served = serve(
      contract,
      handlers({
        greet: async (_request, { connection }) => ({
          greeting: `${await connection.client(back).square(12)}`,
        }),
      }),
    );
    const squares = serve(back, { square: async (number) => number * number });
    const pair = await connectPair({ near: { serve: [squares] }, far: { serve: [served] } });
    expect(await pair.near.client(contract).greet({ name: 'Ada' })).toEqual({ greeting: '144' });
    expect(await pair.far.client(back).square(5)).toBe(25);
    await pair.end();
  });

  test('many calls at once each get their own answer, in whatever order the handlers finish', async () => {
    const gates: (() => void)[] = [];
    const served = serve(
      contract,
      handlers({
        async greet({ name }) {
          await new Promise<void>((resolve) => gates.push(resolve));
          return { greeting: name };
        },
      }),
    );
    const pair = await connectPair({ far: { serve: [served] } });
    const client = pair.near.client(contract);
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
    const answers = Promise.all(names.map((name) => client.greet({ name })));
    await pair.clock.runUntil(() => gates.length === 40);
    for (const open of gates.reverse()) open();
    expect((await answers).map(({ greeting }) => greeting)).toEqual(names);
    await pair.end();
  });

  test('opened resolves once both have greeted', async () => {
    const pair = await connectPair();
    await pair.near.opened;
    expect(pair.near.remote.remote.host).toBe('far');
    expect(pair.near.signal.aborted).toBe(false);
    await pair.end();
    expect(pair.near.signal.reason).toBeInstanceOf(RpcError);
  });

  test('a stream needs a window', async () => {
    const pair = await connectPair();
    const numbers = pair.near.client(contract).count({ to: 1 }, { windowBytes: 0 });
    expect(() => numbers[Symbol.asyncIterator]()).toThrow(RangeError);
    await pair.end();
  });

  test('a stream can be iterated once only', async () => {
    const pair = await connectPair();
    const numbers = pair.near.client(contract).count({ to: 1 });
    expect(await collect(numbers)).toEqual([1]);
    expect(() => numbers[Symbol.asyncIterator]()).toThrow(TypeError);
    await pair.end();
  });

  test('a stream that is never iterated is never asked for', async () => {
    let asked = 0;
    const served = serve(
      contract,
      handlers({
        async *count() {
          asked++;
          yield 1;
        },
      }),
    );
    const pair = await connectPair({ far: { serve: [served] } });
    pair.near.client(contract).count({ to: 1 });
    await pair.end();
    expect(asked).toBe(0);
  });
});

describe('errors of a call', () => {
  test('a method that is not served is unimplemented, and the connection lives', async () => {
    const pair = await connectPair();
    const other = defineContract({ fly: unary(u32, u32), soar: stream(u32, u32) });
    const client = pair.near.client(other);
    expect(await codeOf(client.fly(1))).toBe('unimplemented');
    expect(await codeOf(collect(client.soar(1)))).toBe('unimplemented');
    expect(await pair.near.client(contract).greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    await pair.end();
  });

  test('a coded error travels with its message and says that it is remote', async () => {
    const greet = async (): Promise<never> => {
      throw new RpcError('name_taken', 'Somebody is called so already');
    };
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ greet }))] } });
    const failure = pair.near.client(contract).greet({ name: 'Ada' });
    await expect(failure).rejects.toMatchObject({
      name: 'RpcError',
      code: 'name_taken',
      message: 'Somebody is called so already',
      remote: true,
    });
    expect(pair.log).toEqual([]);
    await pair.end();
  });

  test('any other failure is opaque to the caller and reported at home', async () => {
    const secret = new Error('password is 12345');
    const greet = (): never => {
      throw secret;
    };
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ greet }))] } });
    const failure = pair.near.client(contract).greet({ name: 'Ada' });
    await expect(failure).rejects.toMatchObject({ code: 'internal', message: 'The handler of greet failed' });
    expect(pair.log).toEqual([{ kind: 'handler_failed', method: 'greet', error: secret }]);
    await pair.end();
  });

  test('a stream that fails gives its items first', async () => {
    async function* count() {
      yield 1;
      yield 2;
      throw new RpcError('no_more', 'Enough');
    }
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ count }))] } });
    const iterator = pair.near.client(contract).count({ to: 9 })[Symbol.asyncIterator]();
    expect([await iterator.next(), await iterator.next()].map(({ value }) => value)).toEqual([1, 2]);
    expect(await codeOf(iterator.next())).toBe('no_more');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    await pair.end();
  });

  test('an answer that its codec refuses is an internal error, of a stream too, whose iterator is ended', async () => {
    let isEnded = false;
    async function* count() {
      try {
        yield -1;
      } finally {
        isEnded = true;
      }
    }
    const greet = async () => ({ greeting: 'x'.repeat(81) });
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ greet, count }))] } });
    const client = pair.near.client(contract);
    expect(await codeOf(client.greet({ name: 'Ada' }))).toBe('internal');
    expect(await codeOf(collect(client.count({ to: 1 })))).toBe('internal');
    expect(isEnded).toBe(true);
    expect(pair.log.map(({ kind }) => kind)).toEqual(['handler_failed', 'handler_failed']);
    await pair.end();
  });

  test('a request that its codec refuses fails here and is not sent', async () => {
    const pair = await connectPair();
    const client = pair.near.client(contract);
    expect(await codeOf(client.greet({ name: 'x'.repeat(65) }))).toBe('bad_request');
    expect(await codeOf(collect(client.count({ to: -1 })))).toBe('bad_request');
    await pair.end();
  });

  test('a side with another idea of the codecs gets bad_request and bad_response', async () => {
    const otherIdea = defineContract({ greet: unary(u32, u32), count: stream(u32, text({ maxBytes: 3 })) });
    const pair = await connectPair();
    const client = pair.near.client(otherIdea);
    expect(await codeOf(client.greet(1))).toBe('bad_request');
    expect(await codeOf(collect(client.count(2)))).toBe('bad_response');
    expect(await pair.near.client(contract).greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    await pair.end();
  });
});

describe('interceptors', () => {
  test('run around the handler, the first one outermost, and see the call', async () => {
    const seen: string[] = [];
    const note =
      (name: string): Interceptor =>
      async (call, next) => {
        seen.push(`${name} in ${call.method} ${call.kind} ${JSON.stringify(call.request)}`);
        await next();
        seen.push(`${name} out`);
      };
    const served = serve(contract, handlers(), { interceptors: [note('a'), note('b')] });
    const pair = await connectPair({ far: { serve: [served] } });
    const client = pair.near.client(contract);
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    expect(await collect(client.count({ to: 2 }))).toEqual([1, 2]);
    const greet = 'greet unary {"name":"Ada"}';
    const count = 'count stream {"to":2}';
    expect(seen).toEqual([
      `a in ${greet}`,
      `b in ${greet}`,
      'b out',
      'a out',
      `a in ${count}`,
      `b in ${count}`,
      'b out',
      'a out',
    ]);
    await pair.end();
  });

  test('refuse a call before its handler runs, and replace its error after', async () => {
    const outcomes: string[] = [];
    const gate: Interceptor = async ({ method, connection }, next) => {
      if (method === 'wait' && !connection.isAuthenticated)
        throw new RpcError('unauthenticated', 'Log in first');
      try {
        await next();
        outcomes.push('fine');
      } catch {
        throw new RpcError('replaced', 'By the interceptor');
      }
    };
    const greet = async (): Promise<never> => {
      throw new Error('secret');
    };
    const served = serve(contract, handlers({ greet }), { interceptors: [gate] });
    const pair = await connectPair({ far: { serve: [served], trusted: false } });
    const client = pair.near.client(contract);
    expect(await codeOf(client.wait({}))).toBe('unauthenticated');
    expect(await codeOf(client.greet({ name: 'Ada' }))).toBe('replaced');
    expect(await collect(client.count({ to: 1 }))).toEqual([1]);
    expect(outcomes).toEqual(['fine']);
    await pair.end();
  });
});
