/**
 * Listens and turns every channel into a connection, within the limits on how many there may be.
 *
 * Refused channels are destroyed before a byte of them is read: those above the limits, and those of devices that `admit`
 * does not want, where the network proves who they are. What a connection may do is decided by what is served to it; who
 * it belongs to, by whoever calls `connection.authenticate()`.
 */
import type { Address, Channel, ChannelInfo, Listener, Network } from './channel.ts';
import type { Connection } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { createCounter } from './counter.ts';
import { createConnection } from './create-connection.ts';
import { mergeServed } from './handlers.ts';
import { resolveLimits } from './limits.ts';
import type { RefusalReason } from './log.ts';
import { createReceiveBudget } from './receive-budget.ts';
import { sourceOf } from './source.ts';

/** What a server is made of: what each of its connections gets, and where it listens. */
export interface ServerOptions extends Omit<ConnectionOptions, 'channel' | 'onAuthenticated'> {
  readonly network: Network;
  readonly address: Address;
  /** Who may connect; everybody unless told otherwise. Whoever may not is gone before a byte of theirs is read. */
  readonly admit?: (remote: ChannelInfo) => boolean;
  /** Told of each connection as soon as it exists; calls may already be made on it. */
  readonly onConnection?: (connection: Connection) => void;
}

/** A listener and its connections. */
export interface RpcServer extends AsyncDisposable {
  /** The address that is really bound, with its port. */
  readonly address: Address;
  /** The connections that are not closed. */
  readonly connections: ReadonlySet<Connection>;
  /** Stops accepting and closes every connection in good order. Idempotent; `signal` cuts it short. */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** Starts to listen; rejects with `listen_failed`. */
export async function createServer(options: ServerOptions): Promise<RpcServer> {
  const acceptor = createAcceptor(options);
  const listener: Listener = await options.network.listen(options.address, acceptor.accept);
  async function close(closeOptions?: { readonly signal?: AbortSignal }): Promise<void> {
    acceptor.stop();
    await listener.close();
    await Promise.all([...acceptor.connections].map((connection) => connection.close(closeOptions)));
  }
  return {
    address: listener.address,
    connections: acceptor.connections,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

interface Acceptor {
  readonly connections: ReadonlySet<Connection>;
  accept(channel: Channel): void;
  /** Refuses everything from now on: a channel may be on its way while the listener closes. */
  stop(): void;
}

function createAcceptor(options: ServerOptions): Acceptor {
  const limits = resolveLimits(options.limits);
  // What no connection could be made with is refused now and not when the first one comes.
  mergeServed(options.serve ?? []);
  const receiveBudget = options.receiveBudget ?? createReceiveBudget(limits.receiveBytes);
  const connections = new Set<Connection>();
  const strangers = createCounter();
  let isStopped = false;

  function refuse(channel: Channel, reason: RefusalReason): void {
    options.onLog?.({ kind: 'connection_refused', remote: channel.info.remote, reason });
    channel.destroy();
  }

  function accept(channel: Channel): void {
    const source = sourceOf(channel.info.remote.host);
    if (isStopped) channel.destroy();
    else if (options.admit?.(channel.info) === false) refuse(channel, 'not_admitted');
    else if (connections.size >= limits.connections) refuse(channel, 'too_many_connections');
    else if (options.trusted !== true && strangers.count(source) >= limits.unauthenticatedPerAddress) {
      refuse(channel, 'too_many_unauthenticated');
    } else open(channel, source);
  }

  function open(channel: Channel, source: string): void {
    let isStranger = true;
    function isKnown(): void {
      if (isStranger) strangers.remove(source);
      isStranger = false;
    }
    strangers.add(source);
    const connection = createConnection({ ...options, receiveBudget, channel, onAuthenticated: isKnown });
    connections.add(connection);
    void connection.closed.then(() => {
      isKnown();
      connections.delete(connection);
    });
    options.onConnection?.(connection);
  }

  return {
    connections,
    accept,
    stop: () => {
      isStopped = true;
    },
  };
}
