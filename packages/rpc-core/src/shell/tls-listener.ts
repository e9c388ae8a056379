/**
 * The accepting side of TLS: sockets come in, and channels of devices that proved who they are go out.
 *
 * Until then a stranger gets a place among few, for a short time. Node.js makes a TLS socket of a TCP socket without
 * saying which one it was made of, but the TCP socket is needed (only it can be reset): they are found again by their
 * endpoints, which no two open connections share. A stranger in the middle of a handshake is closed and not reset: the TLS
 * socket, of which nobody told us yet, might be ending (see `resetSocket`).
 */
import type { Socket } from 'node:net';
import type { SecureContextOptions, Server, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import debug from 'debug';
import type { Address, Channel, Listener } from '../channel.ts';
import type { Clock } from '../clock.ts';
import { channelInfo, nameOf } from '../expected-identity.ts';
import { createHandshakeGate, type HandshakeGate } from '../handshake-gate.ts';
import { judgeHandshake, SECURE_PROTOCOL } from '../secure-channel.ts';
import type { TlsLimits } from '../tls-limits.ts';
import { verifySignature } from './identity.ts';
import { createTcpChannel, resetSocket } from './tcp-channel.ts';
import { listenForSockets } from './tcp-network.ts';
import { readHandshake, tlsReason } from './tls-settings.ts';

const log = debug('minitorrent:rpc-core:tls');

/** What a listener works with. */
export interface TlsListenerOptions {
  readonly settings: SecureContextOptions;
  readonly limits: TlsLimits;
  readonly clock: Clock;
}

/** Listens at `address`; rejects with `listen_failed`. */
export async function listenWithTls(
  options: TlsListenerOptions,
  address: Address,
  accept: (channel: Channel) => void,
): Promise<Listener> {
  const reception = new Reception(options, accept);
  const listener = await listenForSockets(address, (socket, remote) => reception.receive(socket, remote));
  async function close(): Promise<void> {
    await listener.close();
    reception.close();
  }
  return { address: listener.address, close };
}

/** One that has not shown yet who they are. */
interface Stranger {
  readonly carrier: Socket;
  readonly remote: Address;
  /** Takes them out of what is counted and timed. */
  readonly leave: () => void;
}

class Reception {
  readonly #options: TlsListenerOptions;
  readonly #accept: (channel: Channel) => void;
  readonly #gate: HandshakeGate;
  readonly #tls: Server;
  /** By the endpoints of their connections. */
  readonly #strangers = new Map<string, Stranger>();
  #isClosed = false;

  constructor(options: TlsListenerOptions, accept: (channel: Channel) => void) {
    this.#options = options;
    this.#accept = accept;
    this.#gate = createHandshakeGate(options.limits);
    this.#tls = createServer({
      ...options.settings,
      ALPNProtocols: [SECURE_PROTOCOL],
      requestCert: true,
      rejectUnauthorized: false,
    });
    this.#tls.on('secureConnection', (socket) => this.#secured(socket));
    this.#tls.on('tlsClientError', (error, socket) => this.#failed(error, socket));
  }

  /** Begins the handshake on a socket that was accepted. */
  receive(carrier: Socket, remote: Address): void {
    carrier.on('error', (error) => log('%s broke off: %s', nameOf(remote), error.message));
    const leaveGate = this.#gate.enter(remote.host);
    if (leaveGate === undefined) {
      logRefusal(remote, 'too many handshakes are not done');
      carrier.resetAndDestroy();
    } else this.#begin(carrier, remote, leaveGate);
  }

  /** Whoever has not come to the end of the handshake is too late. */
  close(): void {
    this.#isClosed = true;
    for (const { carrier } of this.#strangers.values()) carrier.destroy();
  }

  #begin(carrier: Socket, remote: Address, leaveGate: () => void): void {
    const { clock, limits } = this.#options;
    const disarm = clock.schedule(limits.handshakeMs, () => {
      logRefusal(remote, 'it takes too long');
      carrier.destroy();
    });
    const endpoints = endpointsOf(carrier);
    const leave = (): void => {
      disarm();
      leaveGate();
      if (this.#strangers.get(endpoints)?.carrier === carrier) this.#strangers.delete(endpoints);
    };
    this.#strangers.set(endpoints, { carrier, remote, leave });
    carrier.once('close', leave);
    // Who has nothing more to say before it is known who they are is gone.
    carrier.allowHalfOpen = false;
    // As the documentation of tls.Server has it for connections that it did not accept itself.
    this.#tls.emit('connection', carrier);
  }

  #secured(socket: TLSSocket): void {
    const stranger = this.#strangers.get(endpointsOf(socket));
    if (stranger === undefined) {
      socket.destroy();
      return;
    }
    const { carrier, remote, leave } = stranger;
    leave();
    socket.allowHalfOpen = true;
    const verdict = judgeHandshake(readHandshake(socket), verifySignature);
    if (verdict.kind === 'refused') {
      logRefusal(remote, verdict.reason);
      resetSocket(socket, carrier);
    } else this.#introduce(createTcpChannel({ socket, carrier }, channelInfo(remote, verdict.deviceId)));
  }

  /**
   * Not at once: TLS has a last thing to write (OpenSSL's tickets). Whoever resets the connection before that would be taken
   * for somebody who ended in good order, because the write would find out and tell nobody.
   */
  #introduce(channel: Channel): void {
    setImmediate(() => {
      if (this.#isClosed) channel.destroy();
      else this.#accept(channel);
    });
  }

  #failed(error: Error, socket: TLSSocket): void {
    log('no handshake with %s: %s', endpointsOf(socket), tlsReason(error));
    socket.destroy();
  }
}

function logRefusal(remote: Address, reason: string): void {
  log('refused %s: %s', nameOf(remote), reason);
}

function endpointsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
