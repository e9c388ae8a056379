/**
 * Figure `tls`: what encryption costs, over one connection and in connections a second, on loopback, a process each side.
 * Both sides of the machine's work are in the figures; a peer on a network has only one of them to do.
 */
import type { Address, Channel, Network } from '../../packages/rpc-core/src/index.ts';
import { createTcpNetwork } from '../../packages/rpc-core/src/tcp.ts';
import { createIdentity, createTlsNetwork } from '../../packages/rpc-core/src/tls.ts';
import { startChild } from '../harness/child.ts';
import type { BenchOptions, Contender, Figure, Prepared } from '../harness/figure.ts';

const PROCESS = new URL('tls-process.ts', import.meta.url);
const PIECE_BYTES = 256 * 1024;
const AMOUNTS = { short: { mib: 512, connections: 300 }, long: { mib: 4_096, connections: 2_000 } };

export const tls: Figure = {
  id: 'tls',
  title: 'One connection with TLS and without',
  unit: 'mbPerSecond',
  better: 'more',
  targets: [],
  async prepare({ form }: BenchOptions): Promise<Prepared> {
    await using opened = new AsyncDisposableStack();
    const identity = createIdentity();
    const open = async (name: string, kind: 'tls' | 'tcp', network: Network): Promise<Contender> => {
      const { ready: address } = opened.use(await startChild<Address>(PROCESS, [kind]));
      const { mib, connections } = AMOUNTS[form];
      const run = async () => ({
        mbPerSecond: await send(network, address, mib),
        connectionsPerSecond: await connectOften(network, address, connections),
      });
      return { name, version: '', run };
    };
    const contenders = [
      await open('TLS 1.3, both sides prove who they are', 'tls', createTlsNetwork({ identity })),
      await open('plain TCP', 'tcp', createTcpNetwork()),
    ];
    const stack = opened.move();
    return { contenders, missing: [], close: () => stack.disposeAsync() };
  },
};

/** Connections a second, one after the other, each used for one round trip: its end. */
async function connectOften(network: Network, address: Address, count: number): Promise<number> {
  const startedAt = performance.now();
  for (let index = 0; index < count; index += 1) {
    const channel = await network.connect(address);
    const { closed } = start(channel);
    channel.end();
    await closed;
  }
  return count / ((performance.now() - startedAt) / 1_000);
}

/** In pieces as they are sent between peers: a few bytes of frame and envelope, and the piece. */
async function send(network: Network, address: Address, mib: number): Promise<number> {
  const piece = [new Uint8Array(40).fill(1), new Uint8Array(PIECE_BYTES).fill(2)];
  const bytes = mib * 2 ** 20;
  const channel = await network.connect(address);
  const { closed, drained } = start(channel);
  const startedAt = performance.now();
  for (let sent = 0; sent < bytes; sent += PIECE_BYTES) {
    if (!channel.write(piece)) await drained();
  }
  channel.end();
  await closed;
  return bytes / 1e6 / ((performance.now() - startedAt) / 1_000);
}

function start(channel: Channel): { readonly closed: Promise<void>; drained(): Promise<void> } {
  const closed = Promise.withResolvers<void>();
  let onDrain = (): void => {};
  channel.start({
    bytes() {},
    drain: () => onDrain(),
    end() {},
    close: (error) => (error === undefined ? closed.resolve() : closed.reject(error)),
  });
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      onDrain = resolve;
    });
  return { closed: closed.promise, drained };
}
