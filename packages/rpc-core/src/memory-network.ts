/**
 * A network inside one process: connects and listens like any other, and needs nothing but a way to run a task soon.
 */
import type { Address, Channel, Network } from './channel.ts';
import { connectFailed, createListenerTable } from './listener-table.ts';
import type { PipeOptions, Wire } from './pipe.ts';
import { createPipe } from './pipe.ts';
import { soon } from './soon.ts';

/** A network whose channels connect places in this process. */
export interface MemoryNetwork extends Network {
  /** The same network as seen from `host`: the address that the other side sees. */
  from(host: string): Network;
}

/** About what a kernel buffers for one socket. */
const BUFFER_BYTES = 256 * 1024;

/** Makes a network of its own; nothing connects it to others. Without `defer` events come as promises do. */
export function createMemoryNetwork(
  options: { readonly defer?: (task: () => void) => void } = {},
): MemoryNetwork {
  const defer = options.defer ?? soon;
  const pipeOptions: PipeOptions = { defer, windowBytes: BUFFER_BYTES, highWaterBytes: BUFFER_BYTES };
  const table = createListenerTable();

  const wire: Wire = {
    transmit(_byteLength, sent, arrived) {
      defer(arrived);
      sent();
    },
  };

  async function connect(host: string, address: Address, signal: AbortSignal | undefined): Promise<Channel> {
    signal?.throwIfAborted();
    const accept = table.find(address);
    if (accept === undefined) throw connectFailed(address);
    const local = { host, port: table.freePort() };
    const [near, far] = createPipe(
      { info: { remote: address }, wire },
      { info: { remote: local }, wire },
      pipeOptions,
    );
    defer(() => accept(far));
    return near;
  }

  const from = (host: string): Network => ({
    listen: table.listen,
    connect: (address, { signal } = {}) => connect(host, address, signal),
  });
  return { ...from('memory'), from };
}
