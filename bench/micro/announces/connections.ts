/**
 * Figure `connections`: what a tracker's memory grows by for 1,000 connections that are logged in and say nothing more,
 * each of a device of its own, over TLS; beside it a gRPC server with as many clients over TLS, who do not say who they are.
 */
import type { Address } from '../../../packages/rpc-core/src/index.ts';
import { type Child, startChild } from '../../harness/child.ts';
import type { BenchOptions, Contender, Figure, Prepared } from '../../harness/figure.ts';
import { findNpmPeers } from '../../harness/npm-peers.ts';
import type { GrpcPlace } from '../grpc.ts';

const TRACKER = new URL('tracker-process.ts', import.meta.url);
const CONNECTIONS = new URL('connections-process.ts', import.meta.url);
const GRPC_SERVER = new URL('../rpc-server.ts', import.meta.url);
const GRPC = '@grpc/grpc-js';
const COUNT = { short: 1_000, long: 10_000 };
/** These load and compile what all of them use, and fill what is there in any case. */
const FIRST = 500;
/** The first is that of our program's first line. */
const FLAGS = ['--max-semi-space-size=1', '--expose-gc'];

export const connections: Figure = {
  id: 'connections',
  title: 'Memory of a tracker for 1,000 idle connections over TLS',
  unit: 'mibPer1000',
  better: 'less',
  rounds: { warmUp: 0, short: 1, long: 3 },
  targets: [],
  async prepare({ form, say }: BenchOptions): Promise<Prepared> {
    const contenders: Contender[] = [contender('tracker', '', startTracker, COUNT[form])];
    const peers = await findNpmPeers([GRPC], say);
    if ('found' in peers) {
      contenders.push(contender(GRPC, peers.found[GRPC].version, startGrpc, COUNT[form]));
    }
    return {
      contenders,
      missing: 'missing' in peers ? peers.missing : [],
      close: async () => undefined,
    };
  },
};

/** A server that collects its garbage when it is asked anything, and what connects to it until there are so many. */
interface Pair {
  readonly server: Child<unknown>;
  readonly clients: Child<unknown>;
}

async function startTracker(opened: AsyncDisposableStack): Promise<Pair> {
  const server = opened.use(await startChild<Address>(TRACKER, ['ours'], FLAGS));
  const { host, port } = server.ready;
  return { server, clients: opened.use(await startChild(CONNECTIONS, ['ours', host, String(port)])) };
}

async function startGrpc(opened: AsyncDisposableStack): Promise<Pair> {
  const server = opened.use(await startChild<GrpcPlace>(GRPC_SERVER, ['grpc'], FLAGS));
  const { port, certificate } = server.ready;
  return { server, clients: opened.use(await startChild(CONNECTIONS, ['grpc', String(port), certificate])) };
}

function contender(
  name: string,
  version: string,
  start: (opened: AsyncDisposableStack) => Promise<Pair>,
  count: number,
): Contender {
  return {
    name,
    version,
    async run() {
      await using opened = new AsyncDisposableStack();
      const { server, clients } = await start(opened);
      const residentWith = async (wanted: number): Promise<number> => {
        await clients.ask(wanted);
        await server.ask('collect garbage');
        return (await server.usage()).residentMib;
      };
      const before = await residentWith(FIRST);
      const after = await residentWith(FIRST + count);
      return { mibPer1000: ((after - before) / count) * 1_000 };
    },
  };
}
