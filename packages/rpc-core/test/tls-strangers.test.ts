/** Who does not get in under TLS: everybody who connects and does not prove to be a device. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { encodeFrame } from '@minitorrent/wire-codec';
import { array, asyncProperty, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drainMicrotasks } from '../src/testing.ts';
import { createIdentity, createTlsNetwork } from '../src/tls.ts';
import { assertAsyncProperty } from './support/assert-property.ts';
import { codeOf } from './support/pair.ts';
import {
  isClosed,
  type ListeningDevice,
  listenAsDevice,
  listenOn,
  sendPlain,
  tryTls,
} from './support/tls.ts';
import { type CertificateOptions, credentialsOf, makeCredentials, strangersKey } from './support/x509.ts';

const identity = createIdentity();
const device = { ...credentialsOf(identity), ALPNProtocols: ['minitorrent/1'] };

/** Fails if anybody has been let in, or if a device that comes now is not. */
async function expectNobodyIsIn(listening: ListeningDevice): Promise<void> {
  const late = createIdentity();
  const channel = await createTlsNetwork({ identity: late }).connect(listening.address);
  await listening.hasAccepted(1);
  expect(listening.accepted.map(({ info }) => info.remoteIdentity)).toEqual([late.deviceId]);
  channel.destroy();
}

/** Waits until so many handshakes are under way. */
async function untilUnderWay({ clock }: ListeningDevice, count: number): Promise<void> {
  while (clock.scheduledTasks !== count) await drainMicrotasks();
}

/** The first thing that a device sends. */
async function captureClientHello(): Promise<Buffer> {
  const captured = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.once('data', (bytes: Buffer) => {
      captured.resolve(bytes);
      socket.resetAndDestroy();
    });
  });
  const address = await listenOn(server);
  await Promise.all([captured.promise, tryTls(address, device)]);
  server.close();
  return captured.promise;
}

describe('a listener under TLS lets in', () => {
  test('a device that another program made', async () => {
    await using listening = await listenAsDevice();
    const credentials = makeCredentials();
    const socket = connectTls({ ...listening.address, ...device, ...credentials, rejectUnauthorized: false });
    socket.on('error', () => {});
    await listening.hasAccepted(1);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    expect(socket.getPeerX509Certificate()?.raw).toEqual(Buffer.from(listening.identity.certificate));
    socket.destroy();
  });
});

describe('a listener under TLS refuses', () => {
  test('a client without a certificate', async () => {
    await using listening = await listenAsDevice();
    await tryTls(listening.address, { ALPNProtocols: device.ALPNProtocols });
    await expectNobodyIsIn(listening);
  });

  test.each<[string, CertificateOptions]>([
    ['an RSA certificate', { algorithm: 'rsa' }],
    ['an ECDSA certificate', { algorithm: 'ecdsa' }],
    ['a certificate that has expired', { notAfter: '20200101000000Z' }],
    ['a certificate that will expire', { notAfter: '29991231235959Z' }],
    ['a certificate that names somebody', { subject: 'tracker' }],
    ['a certificate that another key signed', { signer: strangersKey() }],
    ['a certificate with a bad signature', { isForged: true }],
  ])('a client with %s', async (_what, options) => {
    await using listening = await listenAsDevice();
    await tryTls(listening.address, { ...device, ...makeCredentials(options) });
    await expectNobodyIsIn(listening);
  });

  test.each([
    ['TLS 1.2', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const],
    ['other protocols', { ALPNProtocols: ['h2', 'http/1.1'] }],
    ['no protocol', { ALPNProtocols: [] }],
  ])('a client that wants %s', async (_what, options) => {
    await using listening = await listenAsDevice();
    await tryTls(listening.address, { ...device, ...options });
    await expectNobodyIsIn(listening);
  });

  test('plain text, even the protocol’s own', async () => {
    await using listening = await listenAsDevice();
    const hello = Buffer.concat(encodeFrame('hello', Uint8Array.of(0, 0, 0, 3, 1, 1, 64)));
    for (const text of [hello, Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      await isClosed(await sendPlain(listening.address, text));
    }
    await expectNobodyIsIn(listening);
  });

  test('whatever else is sent', async () => {
    await using listening = await listenAsDevice();
    const clientHello = await captureClientHello();
    const noise = array(uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 3 });
    await assertAsyncProperty(
      asyncProperty(noise, uint8Array({ maxLength: 300 }), async (parts, mask) => {
        const changed = clientHello.map((byte, at) => byte ^ (mask[at - 5] ?? 0));
        for (const bytes of [Buffer.concat(parts), changed]) {
          const socket = await sendPlain(listening.address, bytes);
          socket.end();
          await isClosed(socket);
        }
      }),
      20,
    );
    await expectNobodyIsIn(listening);
  });

  test('to resume a session: who has no certificate stays out, who has one begins from the beginning', async () => {
    await using listening = await listenAsDevice();
    const first = connectTls({ ...listening.address, ...device, rejectUnauthorized: false });
    first.on('error', () => {});
    const [session] = (await once(first, 'session')) as [Buffer];
    await listening.hasAccepted(1);
    first.destroy();

    await tryTls(listening.address, { ALPNProtocols: device.ALPNProtocols, session });
    const second = connectTls({ ...listening.address, ...device, rejectUnauthorized: false, session });
    second.on('error', () => {});
    await listening.hasAccepted(2);
    expect(second.isSessionReused()).toBe(false);
    expect(listening.accepted.map(({ info }) => info.remoteIdentity)).toEqual([
      identity.deviceId,
      identity.deviceId,
    ]);
    second.destroy();
  });
});

describe('a handshake', () => {
  test('that stops anywhere is given up after its time, and not before', async () => {
    const clientHello = await captureClientHello();
    for (const length of [0, 1, 5, 100, clientHello.length]) {
      await using listening = await listenAsDevice();
      const { clock } = listening;
      const socket = await sendPlain(listening.address, clientHello.subarray(0, length));
      await untilUnderWay(listening, 1);
      await clock.advanceAsync(4_999);
      expect(clock.scheduledTasks, `${length} bytes`).toBe(1);
      await clock.advanceAsync(1);
      await isClosed(socket);
      await untilUnderWay(listening, 0);
      await expectNobodyIsIn(listening);
    }
  });

  test('that comes byte by byte gets no more time', async () => {
    await using listening = await listenAsDevice();
    const clientHello = await captureClientHello();
    const socket = await sendPlain(listening.address, clientHello.subarray(0, 1));
    await untilUnderWay(listening, 1);
    for (let second = 1; second <= 5; second += 1) {
      socket.write(clientHello.subarray(second, second + 1));
      await listening.clock.advanceAsync(1_000);
    }
    await isClosed(socket);
    await expectNobodyIsIn(listening);
  });

  test('of somebody who vanishes leaves nothing behind', async () => {
    await using listening = await listenAsDevice();
    const clientHello = await captureClientHello();
    for (const length of [0, 100, clientHello.length]) {
      const socket = await sendPlain(listening.address, clientHello.subarray(0, length));
      await untilUnderWay(listening, 1);
      socket.resetAndDestroy();
      await untilUnderWay(listening, 0);
    }
    await expectNobodyIsIn(listening);
  });

  test('counts only until it is done: few strangers at once, any number of devices', async () => {
    await using listening = await listenAsDevice({ handshakesPerAddress: 2 });
    const strangers = [];
    for (let count = 1; count <= 2; count += 1) {
      strangers.push(await sendPlain(listening.address, new Uint8Array()));
      await untilUnderWay(listening, count);
    }
    const network = createTlsNetwork({ identity });
    // As soon as there is a connection, it is reset: the system may say either.
    expect(await codeOf(network.connect(listening.address))).toMatch(/^(connect|handshake)_failed$/);
    strangers[0]?.destroy();
    await untilUnderWay(listening, 1);
    for (let count = 1; count <= 5; count += 1) {
      await network.connect(listening.address);
      await listening.hasAccepted(count);
    }
    strangers[1]?.destroy();
  });

  test('that is not done ends with its listener', async () => {
    const { network, clock, address } = await listenAsDevice();
    const listener = await network.listen({ ...address, port: 0 }, () => expect.fail('accepted'));
    const socket = await sendPlain(listener.address, new Uint8Array());
    while (clock.scheduledTasks === 0) await drainMicrotasks();
    await listener.close();
    await isClosed(socket);
    while (clock.scheduledTasks > 0) await drainMicrotasks();
  });
});
