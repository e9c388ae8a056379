/**
 * Who listens where, for networks inside one process: the part of an operating system that hands out ports.
 */
import type { Address, Channel, Listener } from './channel.ts';
import { RpcError } from './errors.ts';
import { nameOf } from './expected-identity.ts';

/** Takes a channel that somebody opened. */
export type Accept = (channel: Channel) => void;

/** Somebody who listens. */
export interface Listening {
  readonly accept: Accept;
  /** The device id that whoever listens would prove. */
  readonly identity: Uint8Array | undefined;
}

export interface ListenerTable {
  /** Listens on `address`, or on a free port for port 0; rejects with `listen_failed` when it is taken. */
  listen(address: Address, accept: Accept, identity?: Uint8Array): Promise<Listener>;
  /** Who listens at `address` now. */
  find(address: Address): Listening | undefined;
  /** A port that nobody was given before. */
  freePort(): number;
}

/** Where operating systems begin to hand out ports (RFC 6335, section 6). */
const FIRST_FREE_PORT = 49_152;

export function createListenerTable(): ListenerTable {
  const listeners = new Map<string, Listening>();
  let nextPort = FIRST_FREE_PORT;

  const freePort = (): number => nextPort++;

  function remove(name: string, listening: Listening): void {
    // Somebody else may listen there by now.
    if (listeners.get(name) === listening) listeners.delete(name);
  }

  return {
    freePort,
    find: (address) => listeners.get(nameOf(address)),
    async listen({ host, port }, accept, identity) {
      const address = { host, port: port === 0 ? freePort() : port };
      const name = nameOf(address);
      if (listeners.has(name)) throw new RpcError('listen_failed', `Cannot listen on ${name}: it is taken`);
      const listening = { accept, identity };
      listeners.set(name, listening);
      return { address, close: async () => remove(name, listening) };
    },
  };
}

/** The error of a connection to a place where nobody listens. */
export function connectFailed(address: Address): RpcError {
  return new RpcError('connect_failed', `Cannot connect to ${nameOf(address)}: nobody listens there`);
}
