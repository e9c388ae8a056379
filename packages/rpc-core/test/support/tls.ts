/** A listener under TLS, and strangers who speak to it with `node:net` and `node:tls` as they like. */
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as connectSocket } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { Address, Channel, Network } from '../../src/index.ts';
import { createManualClock, type ManualClock } from '../../src/testing.ts';
import { createIdentity, createTlsNetwork, type Identity, type TlsLimits } from '../../src/tls.ts';

export const anyPort: Address = { host: '127.0.0.1', port: 0 };

/** A device that listens, and what it accepted. */
export interface ListeningDevice extends AsyncDisposable {
  readonly identity: Identity;
  readonly network: Network;
  readonly clock: ManualClock;
  readonly address: Address;
  readonly accepted: readonly Channel[];
  /** Resolves when so many channels have been accepted. */
  hasAccepted(count: number): Promise<void>;
}

export async function listenAsDevice(limits: Partial<TlsLimits> = {}): Promise<ListeningDevice> {
  const identity = createIdentity();
  const clock = createManualClock();
  const network = createTlsNetwork({ identity, clock, limits });
  const accepted: Channel[] = [];
  let wake = (): void => {};
  const listener = await network.listen(anyPort, (channel) => {
    accepted.push(channel);
    wake();
  });
  return {
    ...{ identity, network, clock, accepted },
    address: listener.address,
    async hasAccepted(count) {
      while (accepted.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await listener.close();
      for (const channel of accepted) channel.destroy();
    },
  };
}

/** What a stranger saw of a connection, when it is closed. */
export interface Outcome {
  readonly isSecure: boolean;
  readonly isResumed: boolean;
  readonly session: Buffer | undefined;
  readonly received: Buffer;
}

/** Connects with TLS, as `options` say, and waits for the end of it. */
export async function tryTls(address: Address, options: ConnectionOptions): Promise<Outcome> {
  const socket = connectTls({ ...address, rejectUnauthorized: false, ...options });
  return await outcomeOf(socket);
}

/** What becomes of a client's TLS socket. */
export async function outcomeOf(socket: TLSSocket): Promise<Outcome> {
  const received: Buffer[] = [];
  let session: Buffer | undefined;
  let isSecure = false;
  let isResumed = false;
  socket.once('secureConnect', () => {
    isSecure = true;
    isResumed = socket.isSessionReused();
  });
  socket.on('session', (given: Buffer) => {
    session = given;
  });
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  return { isSecure, isResumed, session, received: Buffer.concat(received) };
}

/** Connects with TCP and sends `bytes`; nothing more happens by itself. */
export async function sendPlain(address: Address, bytes: Uint8Array): Promise<Socket> {
  const socket = connectSocket(address);
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

/** Waits until `socket` is closed. */
export async function isClosed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** Makes a server of `node:net` or `node:tls` listen. */
export async function listenOn(server: Server): Promise<Address> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has this kind of address.
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}
