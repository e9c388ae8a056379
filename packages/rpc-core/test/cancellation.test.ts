import { describe, expect, test } from 'vitest';
import { RpcError, serve } from '../src/index.ts';
import { drainMicrotasks } from '../src/testing.ts';
import { codeOf, collect, connectPair, contract, handlers } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

describe('a call with a signal', () => {
  test('that aborted before is not sent and rejects with the reason', async () => {
    const pair = await connectPair();
    const reason = new Error('no longer wanted');
    const client = pair.near.client(contract);
    await expect(client.wait({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(collect(client.count({ to: 1 }, { signal: AbortSignal.abort(reason) }))).rejects.toBe(
      reason,
    );
    expect(pair.near.pendingCalls).toBe(0);
    await pair.end();
  });

  test('that aborts rejects at once, and the handler’s signal aborts', async () => {
    const signals: AbortSignal[] = [];
    const wait: ReturnType<typeof handlers>['wait'] = (request, context) => {
      signals.push(context.signal);
      return handlers().wait(request, context);
    };
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ wait }))] } });
    const controller = new AbortController();
    const call = pair.near.client(contract).wait({}, { signal: controller.signal });
    await pair.clock.runUntil(() => signals.length === 1);
    const reason = new Error('no longer wanted');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await drainMicrotasks();
    expect(signals[0]?.reason).toMatchObject({ code: 'cancelled' });
    expect([pair.near.pendingCalls, pair.far.servedCalls]).toEqual([0, 0]);
    expect(pair.log).toEqual([]);
    await pair.end();
  });

  test('leaves no listener on a signal that lives on', async () => {
    const signal = countedSignal();
    const pair = await connectPair();
    const client = pair.near.client(contract);
    await client.greet({ name: 'Ada' }, { signal });
    await collect(client.count({ to: 3 }, { signal }));
    for await (const _ of client.count({ to: 3 }, { signal })) break;
    expect(await codeOf(client.greet({ name: 'x'.repeat(100) }, { signal }))).toBe('bad_request');
    expect(signal.listeners).toBe(0);
    await pair.end();
  });

  test('that aborts while it waits for its turn is never sent', async () => {
    const pair = await connectPair({ near: { limits: { callsInFlight: 1 } } });
    const client = pair.near.client(contract);
    const first = new AbortController();
    const second = new AbortController();
    const calls = [client.wait({}, first), client.wait({}, second)].map(codeOf);
    await drainMicrotasks();
    expect([pair.near.pendingCalls, pair.far.servedCalls]).toEqual([2, 1]);
    second.abort(new RpcError('second', ''));
    await drainMicrotasks();
    expect([pair.near.pendingCalls, pair.far.servedCalls]).toEqual([1, 1]);
    first.abort(new RpcError('first', ''));
    expect(await Promise.all(calls)).toEqual(['first', 'second']);
    await pair.end();
  });
});

describe('a call with timeoutMs', () => {
  test('rejects with deadline_exceeded on the clock, and the handler is told', async () => {
    const pair = await connectPair();
    const call = codeOf(pair.near.client(contract).wait({}, { timeoutMs: 500 }));
    await pair.clock.advanceAsync(499);
    expect([pair.near.pendingCalls, pair.far.servedCalls]).toEqual([1, 1]);
    await pair.clock.advanceAsync(1);
    expect(await call).toBe('deadline_exceeded');
    expect(pair.far.servedCalls).toBe(0);
    await pair.end();
  });

  test('covers the whole of a stream', async () => {
    const pair = await connectPair({
      far: { serve: [serve(contract, handlers({ count: oneAndThenNothing }))] },
    });
    const iterator = pair.near.client(contract).count({ to: 9 }, { timeoutMs: 500 })[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: 1 });
    const next = codeOf(iterator.next());
    await pair.clock.advanceAsync(500);
    expect(await next).toBe('deadline_exceeded');
    expect(pair.far.servedCalls).toBe(0);
    await pair.end();
  });

  test('takes its timer back when the answer came', async () => {
    const pair = await connectPair();
    await pair.near.client(contract).greet({ name: 'Ada' }, { timeoutMs: 500 });
    await pair.end();
    expect(pair.clock.scheduledTasks).toBe(0);
  });
});

describe('leaving a stream', () => {
  test('ends the handler’s iterator where it stands', async () => {
    const steps: string[] = [];
    async function* count() {
      try {
        for (let number = 1; ; number++) yield number;
      } finally {
        steps.push('ended');
      }
    }
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ count }))] } });
    for await (const number of pair.near.client(contract).count({ to: 9 })) if (number === 3) break;
    await drainMicrotasks();
    expect(steps).toEqual(['ended']);
    expect(pair.far.servedCalls).toBe(0);
    await pair.end();
  });

  test('ends a handler that waits for credit', async () => {
    let isEnded = false;
    async function* count() {
      try {
        for (let number = 1; ; number++) yield number;
      } finally {
        isEnded = true;
      }
    }
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ count }))] } });
    const iterator = pair.near.client(contract).count({ to: 9 }, { windowBytes: 1 })[Symbol.asyncIterator]();
    await drainMicrotasks();
    await iterator.return?.();
    await drainMicrotasks();
    expect([isEnded, pair.far.servedCalls]).toEqual([true, 0]);
    await pair.end();
  });

  test('reaches an iterator whose next() is pending through return()', async () => {
    const inner = Promise.withResolvers<IteratorResult<number>>();
    const count = () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => inner.promise,
        return: async () => {
          const result = { done: true, value: undefined } as const;
          inner.resolve(result);
          return result;
        },
      }),
    });
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ count }))] } });
    const iterator = pair.near.client(contract).count({ to: 9 })[Symbol.asyncIterator]();
    await drainMicrotasks();
    expect(pair.far.servedCalls).toBe(1);
    await iterator.return?.();
    await drainMicrotasks();
    expect(pair.far.servedCalls).toBe(0);
    await pair.end();
  });

  test('does not mind a handler that fails while it stops', async () => {
    async function* count() {
      try {
        yield 1;
        yield 2;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested
        throw new Error('cannot stop');
      }
    }
    const pair = await connectPair({ far: { serve: [serve(contract, handlers({ count }))] } });
    for await (const _ of pair.near.client(contract).count({ to: 9 }, { windowBytes: 1 })) break;
    await drainMicrotasks();
    expect(pair.far.servedCalls).toBe(0);
    await pair.end();
  });

  test('a handler that ignores its signal keeps its place among the calls in flight', async () => {
    const gate = Promise.withResolvers<Record<never, never>>();
    const served = serve(contract, handlers({ wait: () => gate.promise }));
    const pair = await connectPair({ near: { limits: { callsInFlight: 2 } }, far: { serve: [served] } });
    const client = pair.near.client(contract);
    const codes = [1, 2].map(() => codeOf(client.wait({}, { timeoutMs: 10 })));
    await pair.clock.advanceAsync(10);
    expect(await Promise.all(codes)).toEqual(['deadline_exceeded', 'deadline_exceeded']);
    const third = client.greet({ name: 'Ada' });
    await drainMicrotasks();
    expect([pair.near.pendingCalls, pair.far.servedCalls]).toEqual([1, 2]);
    gate.resolve({});
    expect(await third).toEqual({ greeting: 'Hello Ada' });
    await pair.end();
  });
});

describe('answers that cross a cancel', () => {
  test('are ignored: a response', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const controller = new AbortController();
    const call = codeOf(puppet.connection.client(contract).greet({ name: 'Ada' }, controller));
    await drainMicrotasks();
    controller.abort(new RpcError('stop', ''));
    expect(await call).toBe('stop');
    await puppet.send('greet', '0201024869');
    expect(puppet.connection.signal.aborted).toBe(false);
    await puppet.end();
  });

  test('are ignored: items within the credit, and the end', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const iterator = puppet.connection
      .client(contract)
      .count({ to: 9 }, { windowBytes: 70 })
      [Symbol.asyncIterator]();
    await drainMicrotasks();
    await iterator.return?.();
    await puppet.send('count', '040100000001');
    expect(puppet.connection.signal.aborted).toBe(false);
    await puppet.send('count', '0501');
    expect(puppet.connection.signal.aborted).toBe(false);
    await puppet.end();
  });

  test('are not ignored without bounds: an item beyond the credit is an error', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const iterator = puppet.connection
      .client(contract)
      .count({ to: 9 }, { windowBytes: 70 })
      [Symbol.asyncIterator]();
    await drainMicrotasks();
    await iterator.return?.();
    await puppet.send('count', '040100000001');
    await puppet.send('count', '040100000001');
    expect(puppet.goodbyeCode).toBe('credit_exceeded');
    await puppet.end();
  });

  test('a second last word is an error', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const call = puppet.connection.client(contract).greet({ name: 'Ada' });
    await drainMicrotasks();
    await puppet.send('greet', '0201024869');
    expect(await call).toEqual({ greeting: 'Hi' });
    await puppet.send('greet', '0201024869');
    expect(puppet.goodbyeCode).toBe('unknown_call');
    await puppet.end();
  });
});

async function* oneAndThenNothing(_request: unknown, { signal }: { readonly signal: AbortSignal }) {
  yield 1;
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** A signal that counts its listeners. */
function countedSignal(): AbortSignal & { readonly listeners: number } {
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  let listeners = 0;
  return Object.defineProperties(signal, {
    listeners: { get: () => listeners },
    addEventListener: {
      value: (...args: Parameters<typeof add>) => {
        listeners++;
        add(...args);
      },
    },
    removeEventListener: {
      value: (...args: Parameters<typeof remove>) => {
        listeners--;
        remove(...args);
      },
    },
  }) as AbortSignal & { readonly listeners: number };
}
