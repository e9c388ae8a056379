import { describe, expect, test } from 'vitest';
import type { Channel } from '../src/index.ts';
import { createConnection, createServer, createSystemClock, serve } from '../src/index.ts';
import { createLeakCheck } from '../src/testing.ts';
import { createIdentity, createTlsNetwork } from '../src/tls.ts';
import { collect, contract, handlers } from './support/pair.ts';
import { anyPort, listenAsDevice } from './support/tls.ts';
import { tapWire } from './support/wire-tap.ts';

const KIB = 1024;
const identity = createIdentity();

describe('createTlsNetwork', () => {
  test('tells each side which device the other is', async () => {
    await using listening = await listenAsDevice();
    const channel = await createTlsNetwork({ identity }).connect(listening.address);
    await listening.hasAccepted(1);
    expect(channel.info).toEqual({
      remote: listening.address,
      remoteIdentity: listening.identity.deviceId,
    });
    expect(listening.accepted[0]?.info).toMatchObject({
      remote: { host: '127.0.0.1' },
      remoteIdentity: identity.deviceId,
    });
    channel.destroy();
  });

  test('carries connections: calls, streams of pieces both ways, and a close that leaves nothing', async () => {
    const leaks = createLeakCheck();
    const clock = leaks.clock(createSystemClock());
    const network = leaks.network(createTlsNetwork({ identity, clock }));
    const common = { clock, trusted: true, serve: [serve(contract, handlers())] };
    const server = await createServer({ ...common, network, address: anyPort });
    const channel = await network.connect(server.address, { expect: identity.deviceId });
    const near = leaks.connection(createConnection({ ...common, channel }));
    const client = near.client(contract);
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    const [far] = server.connections;
    if (far === undefined) throw new Error('not accepted');
    expect(far.remote.remoteIdentity).toEqual(identity.deviceId);
    const request = { count: 20, size: 256 * KIB };
    const [up, down] = await Promise.all([
      collect(far.client(contract).blobs(request)),
      collect(client.blobs(request, { windowBytes: 64 * KIB })),
    ]);
    for (const blobs of [up, down]) {
      expect(blobs.map((blob) => [blob.length, blob[0], blob.at(-1)])).toEqual(
        Array.from({ length: 20 }, (_, index) => [256 * KIB, index, index]),
      );
    }
    await near.close();
    await server.close();
    expect(await near.closed).toEqual({ kind: 'local' });
    leaks.assertNothingLeft();
  });

  test('shows IPv4 addresses in their usual form on a dual-stack listener', async () => {
    const network = createTlsNetwork({ identity });
    const accepted = Promise.withResolvers<Channel>();
    const listener = await network.listen({ host: '::', port: 0 }, accepted.resolve);
    const near = await network.connect({ host: '127.0.0.1', port: listener.address.port });
    const far = await accepted.promise;
    expect(far.info.remote.host).toBe('127.0.0.1');
    near.destroy();
    far.destroy();
    await listener.close();
  });

  test('refuses limits that are none', () => {
    expect(() => createTlsNetwork({ identity, limits: { handshakeMs: 0 } })).toThrow(RangeError);
  });
});

describe('a channel under TLS', () => {
  /** Two ends, and somebody in between. */
  async function connectThroughTap() {
    const listening = await listenAsDevice();
    const tap = await tapWire(listening.address);
    const near = await createTlsNetwork({ identity }).connect(tap.address, {
      expect: listening.identity.deviceId,
    });
    await listening.hasAccepted(1);
    const [far] = listening.accepted;
    if (far === undefined) throw new Error('not accepted');
    return { listening, tap, near, far };
  }

  test('shows nobody in between what is said, or who says it', async () => {
    const { listening, tap, near, far } = await connectThroughTap();
    const common = { clock: createSystemClock(), trusted: true };
    createConnection({ ...common, channel: far, serve: [serve(contract, handlers())] });
    const connection = createConnection({ ...common, channel: near });
    const name = 'Ada Lovelace';
    expect(await connection.client(contract).greet({ name })).toEqual({ greeting: `Hello ${name}` });
    await connection.close();
    const seen = Buffer.concat([...tap.seen.listener, ...tap.seen.connector]);
    const devices = [identity, listening.identity];
    const secrets = devices.flatMap(({ publicKey, deviceId }) => [publicKey, deviceId]);
    for (const secret of ['greet', name, 'hello', ...secrets]) expect(seen.includes(secret)).toBe(false);
    expect(seen.includes('minitorrent/1')).toBe(true);
    tap[Symbol.dispose]();
    await listening[Symbol.asyncDispose]();
  });

  test.each(['connector', 'listener'] as const)(
    'breaks off at both ends where one bit to the %s was changed, which is not read',
    async (victim) => {
      const { listening, tap, near, far } = await connectThroughTap();
      const received: number[] = [];
      const closings = [near, far].map((channel) => {
        const { promise, resolve } = Promise.withResolvers<Error | undefined>();
        channel.start({ bytes: ({ length }) => received.push(length), drain() {}, end() {}, close: resolve });
        return promise;
      });
      tap.change = (chunk, to) => {
        if (to !== victim) return chunk;
        const last = chunk.length - 1;
        chunk[last] = (chunk[last] ?? 0) ^ 1;
        return chunk;
      };
      (victim === 'connector' ? far : near).write([new Uint8Array(1000)]);
      expect(await Promise.all(closings)).toEqual([expect.any(Error), expect.any(Error)]);
      expect(received).toEqual([]);
      tap[Symbol.dispose]();
      await listening[Symbol.asyncDispose]();
    },
  );

  test('tells TLS of its end, even if that is the first thing', async () => {
    await using listening = await listenAsDevice();
    using tap = await tapWire(listening.address);
    const near = await createTlsNetwork({ identity }).connect(tap.address);
    near.end();
    await listening.hasAccepted(1);
    await new Promise<void>((end) => {
      listening.accepted[0]?.start({ bytes() {}, drain() {}, end, close() {} });
    });
    // A record of 2 bytes, their type and 16 bytes of proof: `close_notify` (RFC 8446, section 6.1).
    expect(Buffer.concat(tap.seen.listener).subarray(-24, -19).toString('hex')).toBe('1703030013');
    near.destroy();
  });

  test('that somebody in between ends is a lost connection, not one that was closed', async () => {
    const { listening, tap, near, far } = await connectThroughTap();
    const common = { clock: createSystemClock(), trusted: true };
    const ends = [near, far].map((channel) => createConnection({ ...common, channel }));
    await Promise.all(ends.map(({ opened }) => opened));
    tap.cut();
    for (const { closed } of ends) {
      expect(await closed).toMatchObject({ kind: 'failed', error: { code: 'connection_lost' } });
    }
    tap[Symbol.dispose]();
    await listening[Symbol.asyncDispose]();
  });
});
