/**
 * Figure `rpc`: unary calls a second over TLS on loopback, 64 in flight, server and client a process each.
 *
 * Both carry the announce of two files and an answer with twenty peers, ours with its own codec, gRPC with protobufjs.
 */
import { createConnection, createSystemClock } from '../../packages/rpc-core/src/index.ts';
import { createIdentity, createTlsNetwork } from '../../packages/rpc-core/src/tls.ts';
import { type Child, startChild } from '../harness/child.ts';
import type { BenchOptions, Contender, Figure, Prepared } from '../harness/figure.ts';
import { findNpmPeers } from '../harness/npm-peers.ts';
import { median } from '../harness/statistics.ts';
import { connectGrpc, describeAnnounce, type GrpcPlace } from './grpc.ts';
import { messageOf } from './messages.ts';
import { announceContract } from './rpc-server.ts';

const GRPC = '@grpc/grpc-js';
const IN_FLIGHT = 64;
const MEASURED_MS = { short: 2_000, long: 10_000 };
const SERVER = new URL('rpc-server.ts', import.meta.url);

export const rpc: Figure = {
  id: 'rpc',
  title: 'Unary calls over TLS, 64 in flight',
  unit: 'callsPerSecond',
  better: 'more',
  targets: [{ against: GRPC, ratio: 3, text: `>= 3x the calls of ${GRPC}` }],
  prepare,
};

/** Makes one call; resolves with the number of peers in the answer. */
type Call = () => Promise<number>;

async function prepare({ form, say }: BenchOptions): Promise<Prepared> {
  await using opened = new AsyncDisposableStack();
  const contenders = [contender('rpc-core', '', await openOurs(opened), MEASURED_MS[form])];
  const peers = await findNpmPeers([GRPC], say);
  if ('found' in peers) {
    const { version } = peers.found[GRPC];
    contenders.push(contender(GRPC, version, await openGrpc(opened), MEASURED_MS[form]));
  }
  const stack = opened.move();
  return {
    contenders,
    missing: 'missing' in peers ? peers.missing : [],
    close: () => stack.disposeAsync(),
  };
}

interface Link {
  readonly call: Call;
  readonly server: Child<unknown>;
}

async function openOurs(opened: AsyncDisposableStack): Promise<Link> {
  const server = opened.use(await startChild<number>(SERVER, ['ours']));
  const network = createTlsNetwork({ identity: createIdentity() });
  const channel = await network.connect({ host: '127.0.0.1', port: server.ready });
  const connection = createConnection({ channel, clock: createSystemClock(), trusted: true });
  opened.defer(async () => {
    connection.abort();
    await connection.closed;
  });
  const { announce } = connection.client(announceContract);
  const request = messageOf(announceContract.methods.announce.request.codec).value;
  return { server, call: async () => (await announce(request)).swarms[0]?.peers.length ?? 0 };
}

async function openGrpc(opened: AsyncDisposableStack): Promise<Link> {
  const server = opened.use(await startChild<GrpcPlace>(SERVER, ['grpc']));
  const client = connectGrpc(server.ready.port, server.ready.certificate);
  opened.defer(() => client.close());
  const { path, requestSerialize, responseDeserialize } = await describeAnnounce();
  const request = messageOf(announceContract.methods.announce.request.codec).forProtobuf;
  const call = () =>
    new Promise<number>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) => {
        if (error !== null) reject(error);
        // The type of messages.proto.
        else resolve((answer as AnnounceAnswer).swarms[0]?.peers.length ?? 0);
      });
    });
  return { server, call };
}

interface AnnounceAnswer {
  readonly swarms: readonly { readonly peers: readonly unknown[] }[];
}

function contender(name: string, version: string, { call, server }: Link, measuredMs: number): Contender {
  return {
    name,
    version,
    async run() {
      const before = await server.usage();
      const { calls, seconds, latenciesMs } = await callFor(call, measuredMs);
      const { cpuSeconds } = await server.usage();
      return {
        callsPerSecond: calls / seconds,
        medianMs: median(latenciesMs),
        serverCpuUsPerCall: ((cpuSeconds - before.cpuSeconds) / calls) * 1e6,
      };
    },
  };
}

async function callFor(
  call: Call,
  measuredMs: number,
): Promise<{ readonly calls: number; readonly seconds: number; readonly latenciesMs: number[] }> {
  const expected = messageOf(announceContract.methods.announce.response.codec).value.swarms[0]?.peers.length;
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const callOneByOne = async (): Promise<void> => {
    for (let now = performance.now(); now - startedAt < measuredMs; ) {
      const peers = await call();
      if (peers !== expected) throw new Error(`An answer had ${peers} peers, expected ${expected}`);
      const later = performance.now();
      latenciesMs.push(later - now);
      now = later;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, callOneByOne));
  return { calls: latenciesMs.length, seconds: (performance.now() - startedAt) / 1_000, latenciesMs };
}
