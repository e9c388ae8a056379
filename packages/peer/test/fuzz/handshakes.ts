/**
 * Whoever does not come through the handshake: noise, plain text, and the bytes of a real handshake with damage in them, in
 * the first flight or in the second, which is encrypted.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Address } from '@minitorrent/rpc-core';
import { createIdentity } from '@minitorrent/rpc-core/tls';
import { Chance } from './chance.ts';
import { HELLO } from './frames.ts';
import { joined, mutate } from './mutate.ts';

export interface HandshakeOptions {
  readonly address: Address;
  readonly seed: number;
  readonly handshakes: number;
  readonly signal: AbortSignal;
}

/** How many came to an end of the TCP connection, and how many were let in, which only undamaged ones may be. */
export interface HandshakeResult {
  handshakes: number;
  readonly findings: string[];
}

const AT_ONCE = 6;
/** What a stranger does not get by then does not come: most are refused at once, silent ones are left. */
const PATIENCE_MS = 150;

export async function attackHandshakes(options: HandshakeOptions): Promise<HandshakeResult> {
  const result: HandshakeResult = { handshakes: 0, findings: [] };
  const clientHello = await captureClientHello();
  let number = 0;
  const work = async (): Promise<void> => {
    while (number < options.handshakes && !options.signal.aborted && result.findings.length === 0) {
      const chance = new Chance(options.seed ^ 0x7e57, number++);
      if (chance.oneIn(3)) await damageSecondFlight(options, chance, result);
      else await sendNoise(options.address, noise(chance, clientHello));
      result.handshakes += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return result;
}

/** A context is made of a real key, as our own devices have; the certificate is not what is damaged here. */
const identity = createIdentity();
const tls = {
  key: identity.privateKey.export({ format: 'pem', type: 'pkcs8' }),
  cert: `-----BEGIN CERTIFICATE-----\n${Buffer.from(identity.certificate).toString('base64')}\n-----END CERTIFICATE-----\n`,
  ALPNProtocols: ['minitorrent/1'],
  rejectUnauthorized: false,
};

async function captureClientHello(): Promise<Uint8Array> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const socket = connectTls({ host: '127.0.0.1', port, ...tls }).on('error', () => {});
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const [hello] = (await once(accepted, 'data')) as [Buffer];
  accepted.destroy();
  socket.destroy();
  server.close();
  return new Uint8Array(hello);
}

/** What is sent instead of a first flight. */
function noise(chance: Chance, clientHello: Uint8Array): Uint8Array {
  const record = (type: number, bytes: Uint8Array, length = bytes.length): Uint8Array =>
    joined(Uint8Array.of(type, 3, chance.pick([0, 1, 3, 4, 255]), length >> 8, length & 0xff), bytes);
  const body = clientHello.subarray(5);
  const forms: readonly (() => Uint8Array)[] = [
    () => chance.bytes(1 + chance.below(2_000)),
    () => mutate(clientHello, chance, [clientHello]),
    () => mutate(clientHello, chance, [clientHello]),
    () => record(22, mutate(body, chance, [clientHello])),
    () => record(22, mutate(body, chance, [clientHello])),
    () => clientHello.subarray(0, chance.below(clientHello.length)),
    () => joined(clientHello, clientHello),
    () => joined(clientHello, chance.bytes(chance.below(3_000))),
    () => joined(clientHello, record(23, chance.bytes(200)), record(20, Uint8Array.of(1))),
    () => record(chance.below(30), chance.bytes(chance.below(500)), 0xffff),
    () => joined(...Array.from({ length: 300 }, () => record(22, new Uint8Array()))),
    () => joined(...Array.from({ length: 100 }, () => record(21, Uint8Array.of(1, chance.below(120))))),
    // One message, a byte to each record.
    () => joined(...[...body].map((byte) => record(22, Uint8Array.of(byte)))),
    () => HELLO,
    () => new TextEncoder().encode('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  ];
  return chance.pick(forms)();
}

async function sendNoise(address: Address, bytes: Uint8Array): Promise<void> {
  const socket = connect({ ...address });
  socket.on('error', () => {});
  socket.resume();
  socket.write(bytes);
  await isGone(socket);
}

/** A real handshake through somebody who damages what the client sends after its first flight. */
async function damageSecondFlight(
  { address }: HandshakeOptions,
  chance: Chance,
  result: HandshakeResult,
): Promise<void> {
  const carrier = connect({ ...address });
  carrier.on('error', () => {});
  let flights = 0;
  let isDamaged = false;
  const middle = new Duplex({
    read: () => {},
    write: (bytes: Buffer, _encoding, done) => {
      flights += 1;
      const passed = flights === 1 ? bytes : damaged(bytes, chance);
      isDamaged ||= flights > 1 && bytes.length > CHANGE_CIPHER_SPEC_BYTES;
      if (!carrier.destroyed) carrier.write(passed);
      done();
    },
  });
  carrier.on('data', (bytes) => middle.push(bytes));
  carrier.on('close', () => middle.destroy());
  const socket = connectTls({ socket: middle, ...tls });
  let received = 0;
  socket.on('error', () => {});
  // The listener's own first frame would come only after it had believed who we are.
  socket.on('data', (bytes) => {
    received += bytes.length;
  });
  await isGone(carrier);
  socket.destroy();
  if (isDamaged && received > 0) result.findings.push('a damaged handshake was answered by frames');
}

/** Changed in at least one bit of what is encrypted; what only follows a whole flight would not damage it. */
function damaged(bytes: Uint8Array, chance: Chance): Uint8Array {
  // Of a ChangeCipherSpec, which TLS 1.3 sends for old middleboxes, the version is not looked at (RFC 8446, 5.1).
  const from = bytes[0] === 20 ? CHANGE_CIPHER_SPEC_BYTES : 0;
  const mutant = mutate(bytes, chance, [bytes]);
  const firstChange = bytes.findIndex((byte, at) => byte !== mutant[at]);
  if (firstChange >= from || bytes.length <= from) return mutant;
  const flipped = bytes.slice();
  const at = from + chance.below(flipped.length - from);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << chance.below(8));
  return flipped;
}

const CHANGE_CIPHER_SPEC_BYTES = 6;

/** Waits until it is closed, and closes it after a while. */
async function isGone(socket: Socket): Promise<void> {
  const timer = setTimeout(() => socket.resetAndDestroy(), PATIENCE_MS);
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(timer);
}
