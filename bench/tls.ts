/**
 * What encryption costs: connections a second, and MiB a second over one of them, of TLS and of plain TCP.
 *
 * `pnpm bench:tls [MiB]` (1,024 by default) measures on loopback, each side on a thread of its own. Both sides of the
 * machine's work are in the figures; a peer on a network has only one of them to do.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  type Address,
  type Channel,
  createSystemClock,
  type Network,
} from '../packages/rpc-core/src/index.ts';
import { createTcpNetwork } from '../packages/rpc-core/src/tcp.ts';
import { createIdentity, createTlsNetwork } from '../packages/rpc-core/src/tls.ts';

const MIB = 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const CONNECTIONS = 500;

const makeNetwork: Record<string, () => Network> = {
  'plain TCP': createTcpNetwork,
  TLS: () => createTlsNetwork({ identity: createIdentity() }),
};

if (isMainThread) await measureAll(Number(process.argv[2] ?? 1024));
else await listen(String(workerData));

async function measureAll(mib: number): Promise<void> {
  const table: Record<string, object> = {};
  for (const [name, make] of Object.entries(makeNetwork)) {
    const worker = new Worker(new URL(import.meta.url), { workerData: name });
    const [address] = (await once(worker, 'message')) as [Address];
    const network = make();
    // What is compiled on the way is no part of the figures.
    await connectOften(network, address, 50);
    await send(network, address, 64);
    table[name] = {
      'connections/s': Math.round(await connectOften(network, address, CONNECTIONS)),
      'MiB/s': Math.round(await send(network, address, mib)),
    };
    await worker.terminate();
  }
  console.table(table);
}

/** Takes whatever comes, and ends when the other side does. */
async function listen(name: string): Promise<void> {
  const network = makeNetwork[name]?.();
  const listener = await network?.listen({ host: '127.0.0.1', port: 0 }, (channel) => {
    channel.start({ bytes() {}, drain() {}, end: () => channel.end(), close() {} });
  });
  parentPort?.postMessage(listener?.address);
}

/** Connections a second, one after the other, each used for one round trip: its end. */
async function connectOften(network: Network, address: Address, count: number): Promise<number> {
  return await rate(count, async () => {
    for (let index = 0; index < count; index += 1) {
      const channel = await network.connect(address);
      const { closed } = start(channel);
      channel.end();
      await closed;
    }
  });
}

/** MiB a second, in pieces as they are sent between peers: a few bytes of frame and envelope, and the piece. */
async function send(network: Network, address: Address, mib: number): Promise<number> {
  const piece = [new Uint8Array(40).fill(1), new Uint8Array(PIECE_BYTES).fill(2)];
  const channel = await network.connect(address);
  const { closed, drained } = start(channel);
  return await rate(mib, async () => {
    for (let sent = 0; sent < mib * MIB; sent += PIECE_BYTES) {
      if (!channel.write(piece)) await drained();
    }
    channel.end();
    await closed;
  });
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

async function rate(amount: number, work: () => Promise<void>): Promise<number> {
  const clock = createSystemClock();
  const startedAt = clock.now();
  await work();
  return amount / ((clock.now() - startedAt) / 1000);
}
