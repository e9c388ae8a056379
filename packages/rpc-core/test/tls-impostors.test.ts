/** Who is not connected to under TLS: whoever answers and is not the device that is wanted, or none at all. */
import { once } from 'node:events';
import { createServer as createSocketServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../src/index.ts';
import { createManualClock, drainMicrotasks } from '../src/testing.ts';
import { createIdentity, createTlsNetwork, formatDeviceId } from '../src/tls.ts';
import { listenAsDevice, listenOn } from './support/tls.ts';
import { tapWire } from './support/wire-tap.ts';
import { credentialsOf, makeCredentials, strangersKey } from './support/x509.ts';

const identity = createIdentity();
const ALPNProtocols = ['minitorrent/1'];

async function failureOf(promise: Promise<unknown>): Promise<RpcError> {
  const failure: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof RpcError) return failure;
  throw failure ?? new Error('It did not fail');
}

/** A server of somebody else's making, and what it saw. */
async function listenAsStranger(options: TlsOptions) {
  const server = createTlsServer({ requestCert: true, rejectUnauthorized: false, ALPNProtocols, ...options });
  const secured: boolean[] = [];
  const ciphers: string[] = [];
  const failed = Promise.withResolvers<void>();
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    secured.push(socket.isSessionReused());
    ciphers.push(socket.getCipher().name);
  });
  server.on('tlsClientError', () => failed.resolve());
  const address = await listenOn(server);
  return { address, secured, ciphers, failed: failed.promise, [Symbol.dispose]: () => void server.close() };
}

describe('connecting under TLS, expecting a device', () => {
  test('works where that device answers', async () => {
    await using listening = await listenAsDevice();
    const expected = listening.identity.deviceId;
    const channel = await createTlsNetwork({ identity }).connect(listening.address, { expect: expected });
    expect(channel.info.remoteIdentity).toEqual(expected);
    channel.destroy();
  });

  test('fails where another one answers, and says which', async () => {
    await using listening = await listenAsDevice();
    const wanted = createIdentity().deviceId;
    const failure = await failureOf(
      createTlsNetwork({ identity }).connect(listening.address, { expect: wanted }),
    );
    expect(failure).toMatchObject({
      code: 'wrong_identity',
      message:
        `Cannot connect to 127.0.0.1:${listening.address.port}: ` +
        `it is ${formatDeviceId(listening.identity.deviceId)}, expected ${formatDeviceId(wanted)}`,
    });
  });

  test('fails before the other one has seen a certificate or a byte of the protocol', async () => {
    using other = await listenAsStranger(credentialsOf(createIdentity()));
    using tap = await tapWire(other.address);
    const connecting = createTlsNetwork({ identity }).connect(tap.address, { expect: identity.deviceId });
    expect(await failureOf(connecting)).toMatchObject({ code: 'wrong_identity' });
    await other.failed;
    expect(other.secured).toEqual([]);
  });

  test('fails on both sides where two devices were taken for each other', async () => {
    await using a = await listenAsDevice();
    await using b = await listenAsDevice();
    const failures = await Promise.all([
      failureOf(a.network.connect(b.address, { expect: a.identity.deviceId })),
      failureOf(b.network.connect(a.address, { expect: b.identity.deviceId })),
    ]);
    expect(failures.map(({ code }) => code)).toEqual(['wrong_identity', 'wrong_identity']);
    expect([...a.accepted, ...b.accepted]).toEqual([]);
  });

  test.each([0, 31, 33])('takes no expectation of %d bytes for one that is met', async (length) => {
    await using listening = await listenAsDevice();
    const expected = new Uint8Array([...listening.identity.deviceId, 0]).subarray(0, length);
    const connecting = createTlsNetwork({ identity }).connect(listening.address, { expect: expected });
    await expect(connecting).rejects.toThrow(RangeError);
  });
});

describe('connecting under TLS fails with handshake_failed', () => {
  test.each<[string, TlsOptions]>([
    ['shows an RSA certificate', makeCredentials({ algorithm: 'rsa' })],
    ['shows an ECDSA certificate', makeCredentials({ algorithm: 'ecdsa' })],
    ['speaks TLS 1.2', { ...makeCredentials(), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }],
    ['speaks another protocol', { ...makeCredentials(), ALPNProtocols: ['h2'] }],
  ])('where the listener %s', async (_what, options) => {
    using stranger = await listenAsStranger(options);
    const failure = await failureOf(createTlsNetwork({ identity }).connect(stranger.address));
    expect(failure).toMatchObject({ code: 'handshake_failed', cause: expect.any(Error) });
  });

  test.each<[string, TlsOptions, string]>([
    [
      'a certificate that has expired',
      makeCredentials({ notAfter: '20200101000000Z' }),
      'is not that of a device',
    ],
    ['a certificate that names somebody', makeCredentials({ subject: 'tracker' }), 'is not that of a device'],
    ['a foreign signature', makeCredentials({ signer: strangersKey() }), 'is not signed by its own key'],
    ['a bad signature', makeCredentials({ isForged: true }), 'is not signed by its own key'],
  ])('where the listener shows %s', async (_what, options, reason) => {
    using stranger = await listenAsStranger(options);
    const failure = await failureOf(createTlsNetwork({ identity }).connect(stranger.address));
    expect(failure).toMatchObject({
      code: 'handshake_failed',
      message: `Cannot make a secure connection to 127.0.0.1:${stranger.address.port}: its certificate ${reason}`,
    });
    await stranger.failed;
    expect(stranger.secured).toEqual([]);
  });

  test('where the listener names no protocol', async () => {
    const server = createTlsServer(makeCredentials());
    const address = await listenOn(server);
    const failure = await failureOf(createTlsNetwork({ identity }).connect(address));
    expect(failure).toMatchObject({
      code: 'handshake_failed',
      message: `Cannot make a secure connection to 127.0.0.1:${address.port}: it does not speak minitorrent/1`,
    });
    server.close();
  });

  test.each(['MT\x05hello\0\0\0\x07\0\0\0\x03\x01\x01\x40', 'HTTP/1.1 400 Bad Request\r\n\r\n', ''])(
    'where the listener answers %j in plain text',
    async (text) => {
      const server = createSocketServer((socket) => socket.on('error', () => {}).end(text, 'latin1'));
      const failure = await failureOf(createTlsNetwork({ identity }).connect(await listenOn(server)));
      expect(failure).toMatchObject({ code: 'handshake_failed' });
      server.close();
    },
  );

  test('where the listener does not answer in time', async () => {
    const server = createSocketServer();
    const address = await listenOn(server);
    const clock = createManualClock();
    const connecting = failureOf(createTlsNetwork({ identity, clock }).connect(address));
    const [socket] = await once(server, 'connection');
    while (clock.scheduledTasks === 0) await drainMicrotasks();
    clock.advance(5_000);
    expect(await connecting).toMatchObject({
      code: 'handshake_failed',
      message: `Cannot make a secure connection to 127.0.0.1:${address.port}: not done within 5000 ms`,
    });
    socket.destroy();
    server.close();
  });
});

describe('connecting under TLS', () => {
  test('fails with connect_failed where nobody listens', async () => {
    const { address, [Symbol.asyncDispose]: close } = await listenAsDevice();
    await close();
    expect(await failureOf(createTlsNetwork({ identity }).connect(address))).toMatchObject({
      code: 'connect_failed',
      message: `Cannot connect to 127.0.0.1:${address.port}: connection refused`,
    });
  });

  test('is given up in the middle of the handshake when the signal aborts', async () => {
    const server = createSocketServer();
    const address = await listenOn(server);
    const clock = createManualClock();
    const controller = new AbortController();
    const { signal } = controller;
    const connecting = createTlsNetwork({ identity, clock }).connect(address, { signal });
    const [socket] = await once(server, 'connection');
    while (clock.scheduledTasks === 0) await drainMicrotasks();
    const closed = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
    socket.resume();
    controller.abort(new Error('no longer wanted'));
    await expect(connecting).rejects.toBe(signal.reason);
    expect(clock.scheduledTasks).toBe(0);
    await closed;
    server.close();
  });

  test('prefers the cipher that costs least, and takes each of TLS 1.3', async () => {
    const ciphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
    const network = createTlsNetwork({ identity });
    for (const offered of [undefined, ...ciphers]) {
      using stranger = await listenAsStranger({
        ...makeCredentials(),
        ...(offered === undefined ? { honorCipherOrder: false } : { ciphers: offered }),
      });
      const channel = await network.connect(stranger.address);
      while (stranger.ciphers.length === 0) await drainMicrotasks();
      expect(stranger.ciphers).toEqual([offered ?? 'TLS_AES_128_GCM_SHA256']);
      channel.destroy();
    }
  });

  test('resumes no session, however often the listener offers one', async () => {
    using stranger = await listenAsStranger(makeCredentials());
    const network = createTlsNetwork({ identity });
    for (let count = 1; count <= 3; count += 1) {
      const channel = await network.connect(stranger.address);
      while (stranger.secured.length < count) await drainMicrotasks();
      channel.destroy();
    }
    expect(stranger.secured).toEqual([false, false, false]);
  });
});
