import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { serve } from '../src/index.ts';
import { drainMicrotasks } from '../src/testing.ts';
import { goldenFrames } from './golden.ts';
import { assertAsyncProperty } from './support/assert-property.ts';
import { fromHex } from './support/hex.ts';
import { codeOf, contract, handlers } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

describe('what breaks the protocol ends the connection with a code', () => {
  test.each([
    ['bytes that are no frame', 'bad_frame', '474554202f20485454502f312e31'],
    ['a type with capitals', 'bad_frame', '4d540548656c6c6f00000000'],
    ['a payload of 4 GiB', 'bad_frame', '4d540567726565' + '74ffffffff'],
    ['a request before the hello', 'unexpected_frame', goldenFrames.unaryRequest.hex],
    ['a ping before the hello', 'unexpected_frame', goldenFrames.ping.hex],
    ['a hello that is no hello', 'bad_hello', '4d540568656c6c6f00000000'],
    ['a hello of another version', 'version_mismatch', '4d540568656c6c6f0000000700000003020940'],
  ])('before hello: %s -> %s', async (_what, code, hex) => {
    const puppet = await createPuppet();
    await puppet.sendBytes(fromHex(hex));
    expect(puppet.goodbyeCode).toBe(code);
    expect(await codeOf(puppet.connection.opened)).toBe('connection_lost');
    expect(puppet.log).toMatchObject([{ kind: 'connection_failed', error: { code } }]);
    await puppet.end();
  });

  test.each([
    ['a second hello', 'unexpected_frame', 'hello', '00000003010140'],
    ['an empty payload', 'bad_envelope', 'greet', ''],
    ['an unknown kind', 'bad_envelope', 'greet', '0901'],
    ['a goodbye that is none', 'bad_envelope', 'goodbye', 'ff'],
    ['an answer to no call', 'unknown_call', 'greet', '0201024869'],
    ['an item of no call', 'unknown_call', 'count', '040100000001'],
    ['an end of no call', 'unknown_call', 'count', '0501'],
    ['an error of no call', 'unknown_call', 'greet', '030100000006046275737900'],
    ['a cancel of a call to come', 'unknown_call', 'greet', '0601'],
    ['credit for a call to come', 'unknown_call', 'count', '070101'],
    ['call id 0', 'bad_call_id', 'greet', '0100000161'],
  ])('after hello: %s -> %s', async (_what, code, type, hex) => {
    const puppet = await createPuppet();
    await puppet.greet();
    await puppet.send(type, hex);
    expect(puppet.goodbyeCode).toBe(code);
    await puppet.end();
  });

  test.each([
    ['a call id used twice', 'bad_call_id', [['wait', '010500'] as const, ['wait', '010500'] as const]],
    ['a call id that goes back', 'bad_call_id', [['wait', '010500'] as const, ['wait', '010400'] as const]],
    [
      'credit for a unary call',
      'unexpected_frame',
      [['wait', '010100'] as const, ['wait', '070101'] as const],
    ],
    [
      'credit for a unary call that is cancelled',
      'unexpected_frame',
      [
        ['wait', '010100'],
        ['wait', '0601'],
        ['wait', '070101'],
      ] as const,
    ],
    [
      'a second cancel under another name',
      'unknown_call',
      [
        ['wait', '010100'],
        ['wait', '0601'],
        ['greet', '0601'],
      ] as const,
    ],
    [
      'a cancel under another name',
      'unknown_call',
      [['wait', '010100'] as const, ['greet', '0601'] as const],
    ],
  ])('of a caller: %s -> %s', async (_what, code, frames) => {
    const gate = Promise.withResolvers<Record<never, never>>();
    const puppet = await createPuppet({ serve: [serve(contract, handlers({ wait: () => gate.promise }))] });
    await puppet.greet();
    for (const [type, hex] of frames) await puppet.send(type, hex);
    expect(puppet.goodbyeCode).toBe(code);
    gate.resolve({});
    await puppet.end();
  });

  test('of a caller: credit beyond what can be counted -> credit_exceeded', async () => {
    const puppet = await createPuppet({ serve: [serve(contract, handlers({ count: pending }))] });
    await puppet.greet();
    await puppet.send('count', '0101' + 'ffffffffffffff0f' + '00000001');
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.send('count', '070101');
    expect(puppet.goodbyeCode).toBe('credit_exceeded');
    await puppet.end();
  });

  test.each([
    ['a response to a stream', 'unexpected_frame', 'count', '020100000001'],
    ['an item beyond the credit', 'credit_exceeded', 'count', '040100000001'],
    ['an answer under another name', 'unknown_call', 'greet', '0501'],
  ])('of a callee: %s -> %s', async (_what, code, type, hex) => {
    const puppet = await createPuppet();
    await puppet.greet();
    const items = puppet.connection
      .client(contract)
      .count({ to: 1 }, { windowBytes: 1 })
      [Symbol.asyncIterator]();
    const first = codeOf(items.next());
    if (code === 'credit_exceeded') await puppet.send('count', '040100000001');
    if (code === 'credit_exceeded') await puppet.send('count', '040100000002');
    await puppet.send(type, hex);
    expect(puppet.goodbyeCode).toBe(code);
    await first;
    await puppet.end();
  });
});

describe('what is only late is ignored', () => {
  test('cancel and credit for a call that has had its answer', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    await puppet.send('greet', '0101000161');
    await puppet.send('greet', '0601');
    await puppet.send('greet', '070105');
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.end();
  });
});

describe('what says nothing new is ignored', () => {
  test('a second cancel of a call that stops, which gets one last word', async () => {
    const gate = Promise.withResolvers<Record<never, never>>();
    const puppet = await createPuppet({ serve: [serve(contract, handlers({ wait: () => gate.promise }))] });
    await puppet.greet();
    for (const hex of ['010100', '0601', '0601']) await puppet.send('wait', hex);
    expect([puppet.goodbyeCode, puppet.connection.servedCalls]).toEqual([undefined, 1]);
    gate.resolve({});
    await drainMicrotasks();
    await puppet.send('wait', '0601');
    expect([puppet.goodbyeCode, puppet.connection.servedCalls]).toEqual([undefined, 0]);
    expect(puppet.frames.filter(({ type }) => type === 'wait')).toHaveLength(1);
    await puppet.end();
  });

  test('credit for a stream that is cancelled, however much', async () => {
    const gate = Promise.withResolvers<void>();
    async function* stubborn() {
      await gate.promise;
      yield 0;
    }
    const puppet = await createPuppet({ serve: [serve(contract, handlers({ count: stubborn }))] });
    await puppet.greet();
    await puppet.send('count', '0101' + 'ffffffffffffff0f' + '00000001');
    await puppet.send('count', '0601');
    await puppet.send('count', '0701' + 'ffffffffffffff0f');
    expect([puppet.goodbyeCode, puppet.connection.servedCalls]).toEqual([undefined, 1]);
    gate.resolve();
    await drainMicrotasks();
    expect([puppet.goodbyeCode, puppet.connection.servedCalls]).toEqual([undefined, 0]);
    await puppet.end();
  });
});

describe('a connection given arbitrary frames', () => {
  const frame = fc.constantFrom(...Object.values(goldenFrames).map(({ hex }) => fromHex(hex)));
  const mutated = fc.tuple(frame, fc.nat(60), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = bytes.slice();
    copy[at % copy.length] = value;
    return copy;
  });

  test('lives or ends with a code, and leaves nothing behind', async () => {
    const stream = fc.array(fc.oneof(frame, mutated, fc.uint8Array({ maxLength: 20 })), { maxLength: 12 });
    await assertAsyncProperty(
      fc.asyncProperty(stream, async (chunks) => {
        const puppet = await createPuppet();
        await puppet.greet();
        for (const chunk of chunks) await puppet.sendBytes(chunk);
        expect(puppet.log.every(({ kind }) => kind === 'connection_failed')).toBe(true);
        await puppet.end();
      }),
    );
  });
});

async function* pending(_request: unknown, { signal }: { readonly signal: AbortSignal }) {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  yield 0;
}
