import { describe, expect, test } from 'vitest';
import type { Connection } from '../src/index.ts';
import { RpcError, serve } from '../src/index.ts';
import { drainMicrotasks } from '../src/testing.ts';
import { codeOf, collect, connectPair, contract, handlers } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

/** A `greet` handler that answers when it is told to. */
function gatedGreet() {
  const gate = Promise.withResolvers<void>();
  const greet = async ({ name }: { readonly name: string }) => {
    await gate.promise;
    return { greeting: name };
  };
  return { open: gate.resolve, served: serve(contract, handlers({ greet })) };
}

describe('close', () => {
  test('lets running calls of both sides come to their end, and refuses new ones', async () => {
    const { open, served } = gatedGreet();
    const pair = await connectPair({ near: { serve: [served] }, far: { serve: [served] } });
    const [near, far] = [pair.near.client(contract), pair.far.client(contract)];
    const calls = [near.greet({ name: 'a' }), far.greet({ name: 'b' }), near.count({ to: 3 })] as const;
    const stream = collect(calls[2]);
    await drainMicrotasks();
    const closing = pair.near.close();
    expect(await codeOf(near.greet({ name: 'late' }))).toBe('closed');
    expect(await codeOf(collect(near.count({ to: 1 })))).toBe('closed');
    await drainMicrotasks();
    expect(await codeOf(far.greet({ name: 'late' }))).toBe('closed');
    expect(pair.near.signal.aborted).toBe(false);
    open();
    expect(await Promise.all([calls[0], calls[1], stream])).toEqual([
      { greeting: 'a' },
      { greeting: 'b' },
      [1, 2, 3],
    ]);
    await closing;
    expect(await pair.near.closed).toEqual({ kind: 'local' });
    expect(await pair.far.closed).toEqual({ kind: 'remote' });
    await pair.end();
  });

  test('serves a request that crossed the goodbye', async () => {
    const pair = await connectPair();
    await pair.near.opened;
    await pair.far.opened;
    const call = pair.near.client(contract).greet({ name: 'Ada' });
    const closing = pair.far.close();
    expect(await call).toEqual({ greeting: 'Hello Ada' });
    await closing;
    await pair.end();
  });

  test('by both sides at once ends well for both', async () => {
    const pair = await connectPair();
    await Promise.all([pair.near.opened, pair.far.opened]);
    await Promise.all([pair.near.close(), pair.far.close(), pair.near.close()]);
    expect([await pair.near.closed, await pair.far.closed]).toEqual([{ kind: 'local' }, { kind: 'local' }]);
    await pair.end();
  });

  test('of a connection that is still opening opens first', async () => {
    const puppet = await createPuppet();
    const call = codeOf(puppet.connection.client(contract).greet({ name: 'Ada' }));
    const closing = puppet.connection.close();
    expect(await call).toBe('closed');
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.greet();
    expect(puppet.goodbyeCode).toBe('none');
    await puppet.send('goodbye', '0000000100');
    await closing;
    expect(await puppet.connection.closed).toEqual({ kind: 'local' });
    await puppet.end();
  });

  test('cuts calls off that do not end within drainMs', async () => {
    const pair = await connectPair({ near: { limits: { drainMs: 3000 } } });
    const call = codeOf(pair.near.client(contract).wait({}));
    await drainMicrotasks();
    const closing = pair.near.close();
    await pair.clock.advanceAsync(2999);
    expect(pair.near.signal.aborted).toBe(false);
    await pair.clock.advanceAsync(1);
    expect(await call).toBe('connection_lost');
    await closing;
    expect(await pair.near.closed).toMatchObject({ kind: 'failed', error: { code: 'drain_timeout' } });
    expect(await pair.far.closed).toMatchObject({
      kind: 'failed',
      error: { code: 'drain_timeout', remote: true },
    });
    await pair.end();
  });

  test('is cut short by its signal', async () => {
    const pair = await connectPair();
    const call = codeOf(pair.near.client(contract).wait({}));
    await drainMicrotasks();
    const controller = new AbortController();
    const closing = pair.near.close(controller);
    controller.abort();
    await closing;
    expect(await call).toBe('connection_lost');
    await pair.near.close({ signal: AbortSignal.abort() });
    await pair.end();
  });

  test('happens at the end of an await using block', async () => {
    const pair = await connectPair();
    {
      await using connection = pair.near;
      await connection.client(contract).greet({ name: 'Ada' });
    }
    expect(await pair.near.closed).toEqual({ kind: 'local' });
    await pair.end();
  });

  test('does not wait for ever for a channel that the other side keeps open', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const closing = puppet.connection.close();
    puppet.channel.pause();
    await puppet.send('goodbye', '0000000100');
    await puppet.clock.runUntilSettled(closing);
    expect(puppet.clock.now()).toBe(1000);
    await puppet.end();
  });

  test('leaves nothing to the other side: a request after its goodbye is an error', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    await puppet.send('greet', '0101000161');
    await puppet.send('wait', '010200');
    await puppet.send('goodbye', '0000000100');
    expect(puppet.goodbyeCode).toBe('none');
    await puppet.send('greet', '0103000161');
    expect(puppet.goodbyeCode).toBe('unexpected_frame');
    await puppet.end();
  });
});

describe('the end of a connection', () => {
  test('rejects every call with connection_lost and aborts every handler’s signal', async () => {
    const reasons: unknown[] = [];
    const wait: ReturnType<typeof handlers>['wait'] = (request, context) => {
      context.signal.addEventListener('abort', () => reasons.push(context.signal.reason));
      return handlers().wait(request, context);
    };
    const served = serve(contract, handlers({ wait, count: threeAndNoMore }));
    const pair = await connectPair({ far: { serve: [served] } });
    const client = pair.near.client(contract);
    const calls = [client.wait({}), client.wait({}), collect(client.count({ to: 9 }))].map(codeOf);
    await drainMicrotasks();
    pair.near.abort(new RpcError('went_away', 'The user left'));
    expect(await Promise.all(calls)).toEqual(['connection_lost', 'connection_lost', 'connection_lost']);
    await drainMicrotasks();
    expect(reasons).toMatchObject([{ code: 'connection_lost' }, { code: 'connection_lost' }]);
    expect(await pair.far.closed).toMatchObject({
      kind: 'failed',
      error: { code: 'went_away', message: 'The user left', remote: true },
    });
    expect(await codeOf(client.wait({}))).toBe('closed');
    expect(pair.log.map(({ kind }) => kind)).toEqual(['connection_failed', 'connection_failed']);
    await pair.end();
  });

  test('caused by a handler in the middle of a chunk leaves nothing behind', async () => {
    const greet = async (
      _request: unknown,
      { connection }: { readonly connection: Connection },
    ): Promise<never> => {
      connection.abort();
      throw new Error('too late');
    };
    const puppet = await createPuppet({ serve: [serve(contract, handlers({ greet }))] });
    await puppet.greet();
    const request = Buffer.from('4d5405677265657400000005' + '0101000161', 'hex');
    await puppet.sendBytes(Buffer.concat([request, request.subarray(0, 7)]));
    expect(puppet.goodbyeCode).toBe('closed');
    await puppet.end();
  });

  test('gives a stream’s reader what had arrived before it fails', async () => {
    const pair = await connectPair({
      far: { serve: [serve(contract, handlers({ count: threeAndNoMore }))] },
    });
    const items = pair.near.client(contract).count({ to: 9 })[Symbol.asyncIterator]();
    await drainMicrotasks();
    pair.far.abort();
    await drainMicrotasks();
    expect([await items.next(), await items.next(), await items.next()].map(({ value }) => value)).toEqual([
      1, 2, 3,
    ]);
    expect(await codeOf(items.next())).toBe('connection_lost');
    await pair.end();
  });

  test.each(['end', 'destroy'] as const)('is seen when the other side’s channel does %s', async (how) => {
    const puppet = await createPuppet();
    await puppet.greet();
    const call = codeOf(puppet.connection.client(contract).greet({ name: 'Ada' }));
    puppet.channel[how]();
    expect(await call).toBe('connection_lost');
    expect(await puppet.connection.closed).toMatchObject({
      kind: 'failed',
      error: { code: 'connection_lost' },
    });
    await puppet.end();
  });

  test('before both have greeted rejects opened', async () => {
    const puppet = await createPuppet();
    puppet.channel.destroy();
    expect(await codeOf(puppet.connection.opened)).toBe('connection_lost');
    await puppet.end();
  });
});

async function* threeAndNoMore(_request: unknown, { signal }: { readonly signal: AbortSignal }) {
  yield* [1, 2, 3];
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}
