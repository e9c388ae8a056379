/** The serving process of the `rpc` figure: answers every announce the same, by ours or by gRPC. */
import { createServer, createSystemClock, defineContract, serve } from '../../packages/rpc-core/src/index.ts';
import { createIdentity, createTlsNetwork } from '../../packages/rpc-core/src/tls.ts';
import { trackerContract } from '../../packages/tracker/src/contract.ts';
import { answerParent } from '../harness/child.ts';
import { describeAnnounce, type GrpcPlace, serveGrpc } from './grpc.ts';
import { messageOf } from './messages.ts';

export const announceContract = defineContract({ announce: trackerContract.methods.announce });

// Whatever it is asked: a collection of garbage, where that is allowed.
if (import.meta.main) {
  answerParent(process.argv[2] === 'grpc' ? await startGrpc() : await startOurs(), () => globalThis.gc?.());
}

async function startOurs(): Promise<number> {
  const answer = messageOf(announceContract.methods.announce.response.codec);
  const server = await createServer({
    network: createTlsNetwork({ identity: createIdentity() }),
    clock: createSystemClock(),
    address: { host: '127.0.0.1', port: 0 },
    trusted: true,
    serve: [serve(announceContract, { announce: async () => answer.value })],
  });
  return server.address.port;
}

async function startGrpc(): Promise<GrpcPlace> {
  const answer = messageOf(announceContract.methods.announce.response.codec);
  return await serveGrpc(await describeAnnounce(), answer.forProtobuf);
}
