/**
 * TLS 1.3 over TCP as a network on which both sides prove which device they are.
 *
 * Whoever connects may say which device it expects, and speaks to no other. Whoever listens is handed channels of devices
 * that proved who they are, and decides whom to admit. Nobody is asked for a name, an authority or the time.
 */
import type { SocketConstructorOpts } from 'node:net';
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls';
import { connect as connectTls, createSecureContext } from 'node:tls';
import type { Address, Channel, ConnectOptions, Network } from '../channel.ts';
import type { Clock } from '../clock.ts';
import { RpcError } from '../errors.ts';
import { channelInfo, nameOf, requireIdentity } from '../expected-identity.ts';
import { overDefaults } from '../limits.ts';
import { judgeHandshake, SECURE_PROTOCOL } from '../secure-channel.ts';
import { defaultTlsLimits, type TlsLimits } from '../tls-limits.ts';
import { type Identity, verifySignature } from './identity.ts';
import { LentReads } from './socket-reads.ts';
import { createSystemClock } from './system-clock.ts';
import { createTcpChannel } from './tcp-channel.ts';
import { untilConnected } from './tcp-network.ts';
import { listenWithTls } from './tls-listener.ts';
import { readHandshake, tlsReason, tlsSettings } from './tls-settings.ts';

/** What a TLS network is made of. */
export interface TlsNetworkOptions {
  /** Which device this is. */
  readonly identity: Identity;
  readonly limits?: Partial<TlsLimits>;
  /** Times handshakes; the system's unless given. */
  readonly clock?: Clock;
}

/**
 * Connects and listens as the device of `identity`. Connecting fails with `connect_failed` where nobody listens, with
 * `handshake_failed` where no secure channel comes of it, and with `wrong_identity` where another device answers than the
 * one expected.
 */
export function createTlsNetwork(options: TlsNetworkOptions): Network {
  const limits = overDefaults(defaultTlsLimits, options.limits);
  const clock = options.clock ?? createSystemClock();
  const settings = tlsSettings(options.identity);
  const connector = { secureContext: createSecureContext(settings), limits, clock };
  return {
    proves: true,
    connect: (address, connectOptions) => connect(connector, address, connectOptions),
    listen: (address, accept) => listenWithTls({ settings, limits, clock }, address, accept),
  };
}

interface Connector {
  readonly secureContext: SecureContext;
  readonly limits: TlsLimits;
  readonly clock: Clock;
}

async function connect(
  connector: Connector,
  address: Address,
  { signal, expect }: ConnectOptions = {},
): Promise<Channel> {
  signal?.throwIfAborted();
  const reads = new LentReads();
  // Not over a TCP socket of ours, where Node.js has no `onread`.
  const options: ConnectionOptions & Pick<SocketConstructorOpts, 'onread'> = {
    ...{ ...address, secureContext: connector.secureContext, ALPNProtocols: [SECURE_PROTOCOL] },
    ...{ rejectUnauthorized: false, allowHalfOpen: true, onread: reads.onread },
  };
  const socket = connectTls(options);
  reads.attach(socket);
  await untilConnected(socket, address, signal);
  socket.setNoDelay();
  try {
    await untilSecure(socket, connector, address, signal);
    // Without a pause since then: what TLS would send next is our certificate, which a wrong device does not get to see.
    const deviceId = deviceAt(address, socket);
    requireIdentity(address, deviceId, expect);
    return createTcpChannel({ socket, carrier: undefined, reads }, channelInfo(address, deviceId));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Waits for the end of the handshake. The listener to errors stays, so that none is ever without one. */
async function untilSecure(
  socket: TLSSocket,
  { clock, limits }: Connector,
  address: Address,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (reason: string, cause?: Error): void => reject(handshakeFailed(address, reason, cause));
  const onAbort = (): void => reject(signal?.reason);
  socket.once('secureConnect', resolve);
  socket.on('error', (error) => fail(tlsReason(error), error));
  socket.once('close', () => fail('it closed the connection'));
  signal?.addEventListener('abort', onAbort);
  const disarm = clock.schedule(limits.handshakeMs, () => fail(`not done within ${limits.handshakeMs} ms`));
  try {
    await promise;
  } finally {
    disarm();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The id of the device that answered. */
function deviceAt(address: Address, socket: TLSSocket): Uint8Array {
  const verdict = judgeHandshake(readHandshake(socket), verifySignature);
  if (verdict.kind === 'refused') throw handshakeFailed(address, verdict.reason);
  return verdict.deviceId;
}

function handshakeFailed(address: Address, reason: string, cause?: Error): RpcError {
  const message = `Cannot make a secure connection to ${nameOf(address)}: ${reason}`;
  return new RpcError('handshake_failed', message, { cause });
}
