/**
 * A network inside one process: connects and listens like any other, and needs nothing but a way to run a task soon.
 */
import type { Address, Channel, Listener, Network } from './channel.ts';
import { RpcError } from './errors.ts';
import type { PipeOptions, Wire } from './pipe.ts';
import { createPipe } from './pipe.ts';

/** A network whose channels connect places in this process. */
export interface MemoryNetwork extends Network {
  /** The same network as seen from `host`: what its channels and listeners show as their address. */
  from(host: string): Network;
}

const KIB = 1024;
/** As the ports that operating systems hand out (RFC 6335, section 6). */
const FIRST_FREE_PORT = 49152;

/** Makes a network of its own; nothing connects it to others. */
export function createMemoryNetwork(options: { readonly defer?: PipeOptions['defer'] } = {}): MemoryNetwork {
  const defer = options.defer ?? queueMicrotask;
  const pipeOptions: PipeOptions = { defer, windowBytes: 256 * KIB, highWaterBytes: 256 * KIB };
  const listeners = new Map<string, (channel: Channel) => void>();
  let nextPort = FIRST_FREE_PORT;

  const wire: Wire = {
    transmit(_byteLength, sent, arrived) {
      sent();
      defer(arrived);
    },
  };

  function listen(address: Address, accept: (channel: Channel) => void): Promise<Listener> {
    const bound = { host: address.host, port: address.port === 0 ? nextPort++ : address.port };
    const name = nameOf(bound);
    if (listeners.has(name)) {
      return Promise.reject(new RpcError('listen_failed', `Cannot listen on ${name}: somebody does already`));
    }
    listeners.set(name, accept);
    return Promise.resolve({
      address: bound,
      close: async () => {
        if (listeners.get(name) === accept) listeners.delete(name);
      },
    });
  }

  async function connect(host: string, address: Address, signal: AbortSignal | undefined): Promise<Channel> {
    signal?.throwIfAborted();
    const accept = listeners.get(nameOf(address));
    if (accept === undefined) {
      throw new RpcError('connect_failed', `Cannot connect to ${nameOf(address)}: nobody listens there`);
    }
    const local = { host, port: nextPort++ };
    const [near, far] = createPipe(
      { info: { remote: address }, wire },
      { info: { remote: local }, wire },
      pipeOptions,
    );
    defer(() => accept(far));
    return near;
  }

  const from = (host: string): Network => ({
    listen,
    connect: (address, { signal } = {}) => connect(host, address, signal),
  });
  return { ...from('memory'), from };
}

function nameOf(address: Address): string {
  return `${address.host}:${address.port}`;
}
