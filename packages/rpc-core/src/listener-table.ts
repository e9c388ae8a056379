/**
 * Who listens where, for networks inside one process: the part of an operating system that hands out ports.
 */
import type { Address, Channel, Listener } from './channel.ts';
import { RpcError } from './errors.ts';

/** Takes a channel that somebody opened. */
export type Accept = (channel: Channel) => void;

export interface ListenerTable {
  /** Listens on `address`, or on a free port for port 0; rejects with `listen_failed` when it is taken. */
  listen(address: Address, accept: Accept): Promise<Listener>;
  /** Who accepts at `address` now. */
  find(address: Address): Accept | undefined;
  /** A port that nobody was given before. */
  freePort(): number;
}

/** Where operating systems begin to hand out ports (RFC 6335, section 6). */
const FIRST_FREE_PORT = 49_152;

export function createListenerTable(): ListenerTable {
  const listeners = new Map<string, Accept>();
  let nextPort = FIRST_FREE_PORT;

  const freePort = (): number => nextPort++;

  function remove(name: string, accept: Accept): void {
    // Somebody else may listen there by now.
    if (listeners.get(name) === accept) listeners.delete(name);
  }

  return {
    freePort,
    find: (address) => listeners.get(nameOf(address)),
    async listen({ host, port }, accept) {
      const address = { host, port: port === 0 ? freePort() : port };
      const name = nameOf(address);
      if (listeners.has(name)) throw new RpcError('listen_failed', `Cannot listen on ${name}: it is taken`);
      // A listener of its own, so that the same function may listen in two places.
      const acceptHere: Accept = (channel) => accept(channel);
      listeners.set(name, acceptHere);
      return { address, close: async () => remove(name, acceptHere) };
    },
  };
}

/** The error of a connection to a place where nobody listens. */
export function connectFailed(address: Address): RpcError {
  return new RpcError('connect_failed', `Cannot connect to ${nameOf(address)}: nobody listens there`);
}

function nameOf(address: Address): string {
  return `${address.host}:${address.port}`;
}
