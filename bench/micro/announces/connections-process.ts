/**
 * Connects until it has as many connections as it is asked for, to our tracker or to a gRPC server: `ours <host> <port>` or
 * `grpc <port> <certificate>`.
 */
import { answerParent } from '../../harness/child.ts';
import { connectGrpc, whenConnected } from '../grpc.ts';
import { connectDevice } from './tls-load.ts';

const [kind, ...where] = process.argv.slice(2);
const connect = kind === 'ours' ? toTracker(where) : toGrpc(where);
let count = 0;
answerParent(undefined, async (wanted) => {
  for (; count < Number(wanted); count += 1) await connect(count);
  return count;
});

function toTracker([host = '', port]: readonly string[]): (number: number) => Promise<unknown> {
  return (number) => connectDevice({ host, port: Number(port) }, number);
}

function toGrpc([port, certificate = '']: readonly string[]): () => Promise<unknown> {
  return () => whenConnected(connectGrpc(Number(port), certificate));
}
