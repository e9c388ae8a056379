/**
 * TCP as a network. It proves nothing about the other side: channels carry no identity.
 */
import type { Server, Socket } from 'node:net';
import { connect as connectSocket, createServer } from 'node:net';
import { getSystemErrorMessage } from 'node:util';
import debug from 'debug';
import type { Address, Channel, ConnectOptions, Listener, Network } from '../channel.ts';
import { RpcError } from '../errors.ts';
import { nameOf, requireIdentity } from '../expected-identity.ts';
import { createTcpChannel } from './tcp-channel.ts';

const log = debug('minitorrent:rpc-core:tcp');

/** Nagle's algorithm would hold small answers back; frames are gathered before they are written. */
const socketOptions = { noDelay: true, allowHalfOpen: true } as const;

/** Connects and listens with TCP. */
export function createTcpNetwork(): Network {
  return { proves: false, connect, listen };
}

async function connect(address: Address, options: ConnectOptions = {}): Promise<Channel> {
  options.signal?.throwIfAborted();
  requireIdentity(address, undefined, options.expect);
  return createTcpChannel({ socket: await openSocket(address, options.signal) }, { remote: address });
}

async function listen(address: Address, accept: (channel: Channel) => void): Promise<Listener> {
  return await listenForSockets(address, (socket, remote) =>
    accept(createTcpChannel({ socket }, { remote })),
  );
}

/** A socket that is connected and was not read from; rejects with `connect_failed`, and as `signal` says. */
export async function openSocket(address: Address, signal: AbortSignal | undefined): Promise<Socket> {
  const socket = connectSocket({ ...socketOptions, ...address });
  await untilConnected(socket, address, signal);
  return socket;
}

/** Waits for a socket that is connecting; rejects with `connect_failed`, and as `signal` says, with the socket destroyed. */
export async function untilConnected(
  socket: Socket,
  address: Address,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(signal?.reason);
  const onError = (cause: Error): void => reject(failed('connect_failed', 'connect to', address, cause));
  socket.once('connect', resolve);
  // It stays, for an error without a listener would end the process.
  socket.on('error', onError);
  signal?.addEventListener('abort', onAbort);
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Takes a socket that was accepted and not read from, and where its other end is. */
export type AcceptSocket = (socket: Socket, remote: Address) => void;

/** Listens for sockets; rejects with `listen_failed`. */
export async function listenForSockets(address: Address, accept: AcceptSocket): Promise<Listener> {
  const server = createServer({ ...socketOptions, pauseOnConnect: true }, (socket) =>
    acceptSocket(socket, accept),
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('listening', resolve);
  server.once('error', (cause) => reject(failed('listen_failed', 'listen on', address, cause)));
  server.listen({ host: address.host, port: address.port });
  await promise;
  // Accepting one connection may fail (too many open files); the next one may work.
  server.on('error', (error) => log('accept failed: %s', error.message));
  return { address: boundAddress(server, address), close: () => stopListening(server) };
}

function acceptSocket(socket: Socket, accept: AcceptSocket): void {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) {
    log('a connection was gone before it was accepted');
    socket.destroy();
    return;
  }
  accept(socket, { host: plainHost(remoteAddress), port: remotePort });
}

/** An IPv4 address that a dual-stack socket shows as IPv6, in its usual form. */
function plainHost(host: string): string {
  return host.startsWith('::ffff:') ? host.slice('::ffff:'.length) : host;
}

function boundAddress(server: Server, wanted: Address): Address {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return wanted;
  return { host: wanted.host, port: bound.port };
}

/** Does not wait for the connections that were accepted, as `Server.close` would. */
async function stopListening(server: Server): Promise<void> {
  server.close();
}

function failed(
  code: 'connect_failed' | 'listen_failed',
  action: string,
  address: Address,
  cause: Error,
): RpcError {
  return new RpcError(code, `Cannot ${action} ${nameOf(address)}: ${reasonOf(cause)}`, { cause });
}

/** In the system's words alone: the messages of Node.js say the action and the address once more. */
export function reasonOf(error: Error): string {
  // A name with several addresses fails with an empty message and a reason for each of them.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join(', ');
  return 'errno' in error && typeof error.errno === 'number'
    ? getSystemErrorMessage(error.errno)
    : error.message;
}
