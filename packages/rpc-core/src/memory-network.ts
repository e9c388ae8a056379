/**
 * A network inside one process: connects and listens like any other, and needs nothing but a way to run a task soon.
 */
import type { Address, Channel, ConnectOptions, Network } from './channel.ts';
import { channelInfo, requireIdentity } from './expected-identity.ts';
import { connectFailed, createListenerTable } from './listener-table.ts';
import type { PipeOptions, Wire } from './pipe.ts';
import { createPipe } from './pipe.ts';
import { soon } from './soon.ts';

/** A network whose channels connect places in this process. */
export interface MemoryNetwork extends Network {
  /**
   * The same network as seen from `host`, the address that the other side sees, and as used by the device with the id
   * `identity`, which the other side takes for proved.
   */
  from(host: string, identity?: Uint8Array): Network;
}

/** Who connects. */
interface Local {
  readonly host: string;
  readonly identity: Uint8Array | undefined;
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

  async function connect(local: Local, address: Address, options: ConnectOptions): Promise<Channel> {
    options.signal?.throwIfAborted();
    const listening = table.find(address);
    if (listening === undefined) throw connectFailed(address);
    requireIdentity(address, listening.identity, options.expect);
    const remote = { host: local.host, port: table.freePort() };
    const [near, far] = createPipe(
      { info: channelInfo(address, listening.identity), wire },
      { info: channelInfo(remote, local.identity), wire },
      pipeOptions,
    );
    defer(() => listening.accept(far));
    return near;
  }

  const from = (host: string, identity?: Uint8Array): Network => ({
    proves: identity !== undefined,
    listen: (address, accept) => table.listen(address, accept, identity),
    connect: (address, connectOptions = {}) => connect({ host, identity }, address, connectOptions),
  });
  return { ...from('memory'), from };
}
