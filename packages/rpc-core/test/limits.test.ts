import { bytes, u32 } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import {
  dataBodyBytes,
  defaultRpcLimits,
  defineContract,
  serve,
  stream,
  syncBodyBytes,
  unary,
} from '../src/index.ts';
import { resolveLimits } from '../src/limits.ts';
import { drainMicrotasks } from '../src/testing.ts';
import { codeOf, connectPair, contract, handlers } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const ENVELOPE = 32;

const many = bytes({ maxBytes: 10 * MIB });
const sized = defineContract({
  control: unary(many, u32),
  sync: unary(many, u32, { maxRequestBytes: syncBodyBytes }),
  pieces: stream(u32, many, { maxItemBytes: dataBodyBytes }),
});
const servedSized = serve(sized, {
  control: async (data) => data.length,
  sync: async (data) => data.length,
  async *pieces() {},
});

/** The header of a frame, and nothing of its payload. */
function header(type: string, payloadBytes: number): Uint8Array {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(payloadBytes);
  return Buffer.concat([Buffer.from('MT'), Buffer.from([type.length]), Buffer.from(type), size]);
}

describe('payload limits', () => {
  test.each([
    ['control', 64 * KIB + ENVELOPE],
    ['sync', MIB + ENVELOPE],
    ['nobody_knows', 64 * KIB],
    ['ping', 4 * KIB],
    ['goodbye', 4 * KIB],
  ])('%s: a frame may announce %i bytes and not one more', async (type, most) => {
    for (const [payloadBytes, code] of [
      [most, undefined],
      [most + 1, 'bad_frame'],
    ] as const) {
      const puppet = await createPuppet({ serve: [servedSized] });
      await puppet.greet();
      await puppet.sendBytes(header(type, payloadBytes));
      expect(puppet.goodbyeCode).toBe(code);
      await puppet.end();
    }
  });

  test.each([
    ['hello', 4 * KIB],
    ['control', 4 * KIB],
    ['sync', 4 * KIB],
    ['nobody_knows', 4 * KIB],
  ])('%s: a stranger may announce %i bytes and not one more', async (type, most) => {
    for (const [payloadBytes, code] of [
      [most, undefined],
      [most + 1, 'bad_frame'],
    ] as const) {
      const puppet = await createPuppet({ serve: [servedSized], trusted: false });
      if (type !== 'hello') await puppet.greet();
      await puppet.sendBytes(header(type, payloadBytes));
      expect(puppet.goodbyeCode).toBe(code);
      await puppet.end();
    }
  });

  test('authenticate() raises a stranger’s limit, once', async () => {
    let told = 0;
    const onAuthenticated = () => told++;
    const puppet = await createPuppet({ serve: [servedSized], trusted: false, onAuthenticated });
    await puppet.greet();
    expect(puppet.connection.isAuthenticated).toBe(false);
    puppet.connection.authenticate();
    puppet.connection.authenticate();
    expect([puppet.connection.isAuthenticated, told]).toEqual([true, 1]);
    await puppet.sendBytes(header('sync', MIB));
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.end();
  });

  test('a client of a contract accepts what its answers may have', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    puppet.connection.client(sized);
    await puppet.sendBytes(header('pieces', 257 * KIB + ENVELOPE));
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.end();
  });

  test('a request or response over its own limit is refused where the frame itself is allowed', async () => {
    const tight = defineContract({
      echo: unary(many, many, { maxRequestBytes: 2000, maxResponseBytes: 1000 }),
    });
    const loose = defineContract({ echo: unary(many, many) });
    const echo = async (data: Uint8Array) => data;
    const pair = await connectPair({ far: { serve: [serve(tight, { echo })] } });
    expect(await codeOf(pair.near.client(tight).echo(new Uint8Array(2001)))).toBe('bad_request');
    expect(await codeOf(pair.near.client(loose).echo(new Uint8Array(2001)))).toBe('bad_request');
    expect(await codeOf(pair.near.client(tight).echo(new Uint8Array(1001)))).toBe('internal');
    const generous = await connectPair({ far: { serve: [serve(loose, { echo })] } });
    expect(await codeOf(generous.near.client(tight).echo(new Uint8Array(1001)))).toBe('bad_response');
    await pair.end();
    await generous.end();
  });
});

describe('calls in flight', () => {
  test('64 are served at once; one more ends the connection', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    for (let id = 1; id <= 64; id++) await puppet.send('wait', `01${id.toString(16).padStart(2, '0')}00`);
    expect([puppet.connection.servedCalls, puppet.goodbyeCode]).toEqual([64, undefined]);
    await puppet.send('wait', '014100');
    expect(puppet.goodbyeCode).toBe('too_many_calls');
    expect(puppet.connection.servedCalls).toBe(0);
    await puppet.end();
  });

  test('call, cancel, call, cancel starts no more than 64 handlers', async () => {
    const gate = Promise.withResolvers<Record<never, never>>();
    const puppet = await createPuppet({ serve: [serve(contract, handlers({ wait: () => gate.promise }))] });
    await puppet.greet();
    for (let id = 1; id <= 65; id++) {
      const hex = id.toString(16).padStart(2, '0');
      await puppet.send('wait', `01${hex}00`);
      await puppet.send('wait', `06${hex}`);
    }
    expect(puppet.goodbyeCode).toBe('too_many_calls');
    gate.resolve({});
    await puppet.end();
  });

  test('64 are made at once, the rest wait for their turn', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const client = puppet.connection.client(contract);
    const calls = Array.from({ length: 70 }, () => codeOf(client.greet({ name: 'Ada' })));
    await drainMicrotasks();
    const sent = (): number => puppet.frames.filter(({ type }) => type === 'greet').length;
    expect([sent(), puppet.connection.pendingCalls]).toEqual([64, 70]);
    await puppet.send('greet', '0201024869');
    expect(sent()).toBe(65);
    await puppet.end();
    expect(new Set(await Promise.all(calls.slice(1)))).toEqual(new Set(['connection_lost']));
  });

  test('fewer are made when the other side’s hello says so', async () => {
    const puppet = await createPuppet();
    await puppet.send('hello', '00000003010102');
    const client = puppet.connection.client(contract);
    const calls = Promise.all([1, 2, 3].map(() => codeOf(client.wait({}))));
    await drainMicrotasks();
    expect(puppet.frames.filter(({ type }) => type === 'wait')).toHaveLength(2);
    await puppet.end();
    await calls;
  });

  test('1,024 may wait; one more fails at once', async () => {
    const puppet = await createPuppet();
    const client = puppet.connection.client(contract);
    const calls = Array.from({ length: 1024 }, () => codeOf(client.wait({})));
    expect(puppet.connection.pendingCalls).toBe(1024);
    expect(await codeOf(client.wait({}))).toBe('too_many_calls');
    await puppet.end();
    await Promise.all(calls);
  });
});

describe('time', () => {
  test('a side that does not greet is given 5 s', async () => {
    const puppet = await createPuppet();
    await puppet.clock.advanceAsync(4999);
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.clock.advanceAsync(1);
    expect(puppet.goodbyeCode).toBe('handshake_timeout');
    expect(await codeOf(puppet.connection.opened)).toBe('connection_lost');
    await puppet.end();
  });

  test('a frame that was begun must go on at 1 KiB/s', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    await puppet.sendBytes(header('greet', 60_000));
    for (let second = 1; second <= 20; second++) {
      await puppet.clock.advanceAsync(1000);
      await puppet.sendBytes(new Uint8Array(KIB));
    }
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.clock.advanceAsync(4999);
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.clock.advanceAsync(1001);
    expect(puppet.goodbyeCode).toBe('frame_too_slow');
    await puppet.end();
  });

  test('a frame that begins late has time of its own', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    await puppet.clock.advanceAsync(50_000);
    await puppet.sendBytes(header('greet', 60_000));
    await puppet.clock.advanceAsync(5000);
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.clock.advanceAsync(1001);
    expect(puppet.goodbyeCode).toBe('frame_too_slow');
    await puppet.end();
  });

  test('a byte now and then is no progress', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    await puppet.sendBytes(header('greet', 60_000));
    for (let second = 1; second <= 12; second++) {
      await puppet.clock.advanceAsync(1000);
      await puppet.sendBytes(new Uint8Array(10));
    }
    expect(puppet.goodbyeCode).toBe('frame_too_slow');
    await puppet.end();
  });

  test('many small frames, each complete in time, are no slow frame', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const ping = Buffer.from('4d540470696e6700000000', 'hex');
    await puppet.sendBytes(ping.subarray(0, 5));
    for (let second = 1; second <= 60; second++) {
      await puppet.clock.advanceAsync(1000);
      await puppet.sendBytes(Buffer.concat([ping.subarray(5), ping.subarray(0, 5)]));
    }
    expect(puppet.goodbyeCode).toBeUndefined();
    await puppet.end();
  });
});

describe('queued output', () => {
  test('beyond the bound ends the connection', async () => {
    const puppet = await createPuppet({ limits: { queuedOutputBytes: 100_000 } });
    await puppet.greet();
    puppet.channel.pause();
    // Two items of 256 KiB: the first fills the window of the pipe, the second is queued.
    await puppet.send('blobs', '0101ffffff7f0000000200040000');
    expect(await puppet.clock.runUntilSettled(puppet.connection.closed)).toMatchObject({
      kind: 'failed',
      error: { code: 'output_overflow' },
    });
    await puppet.end();
  });
});

describe('resolveLimits', () => {
  test('puts changes over the defaults and refuses what is no limit', () => {
    expect(resolveLimits({ callsInFlight: 5 })).toEqual({ ...defaultRpcLimits, callsInFlight: 5 });
    expect(() => resolveLimits({ helloMs: 0 })).toThrow(RangeError);
    expect(() => resolveLimits({ helloMs: Number.NaN })).toThrow(/limits.helloMs/);
  });

  test('the defaults are those of the protocol', () => {
    expect(defaultRpcLimits).toMatchObject({
      unauthenticatedPayloadBytes: 4 * KIB,
      callsInFlight: 64,
      queuedOutputBytes: 4 * MIB,
      helloMs: 5000,
      partialFrameBytesPerSecond: KIB,
      pingAfterMs: 60_000,
      closeAfterMs: 120_000,
      connections: 1024,
      unauthenticatedPerAddress: 10,
    });
  });
});
