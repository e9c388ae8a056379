/** What the `rpc` figure uses of @grpc/grpc-js, which may not be there: its types are stated here, not imported. */
import { createIdentity } from '../../packages/rpc-core/src/identity.ts';
import { certificatePem, tlsSettings } from '../../packages/rpc-core/src/shell/tls-settings.ts';
import { requireNpmPeer } from '../harness/npm-peers.ts';
import { loadProtobufTypes } from './codec.ts';

const CONNECT_MS = 30_000;

type Callback = (error: Error | null, value: unknown) => void;

export interface GrpcClient {
  makeUnaryRequest(
    path: string,
    serialize: (value: unknown) => Buffer,
    deserialize: (bytes: Buffer) => unknown,
    value: unknown,
    callback: Callback,
  ): void;
  waitForReady(deadline: number, callback: (error?: Error) => void): void;
  close(): void;
}

export interface GrpcPlace {
  readonly port: number;
  /** What a client has to trust. */
  readonly certificate: string;
}

interface GrpcServer {
  addService(
    service: object,
    handlers: Readonly<Record<string, (call: unknown, callback: Callback) => void>>,
  ): void;
  bindAsync(
    address: string,
    credentials: object,
    callback: (error: Error | null, port: number) => void,
  ): void;
  forceShutdown(): void;
}

interface Grpc {
  readonly Server: new () => GrpcServer;
  readonly Client: new (address: string, credentials: object, options: object) => GrpcClient;
  readonly ServerCredentials: {
    createSsl(
      root: null,
      pairs: readonly { readonly private_key: Buffer; readonly cert_chain: Buffer }[],
    ): object;
  };
  readonly credentials: {
    createSsl(root: Buffer, key: null, chain: null, options: { checkServerIdentity(): undefined }): object;
  };
}

export interface GrpcMethod {
  readonly path: string;
  readonly requestStream: false;
  readonly responseStream: false;
  readonly requestSerialize: (value: unknown) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: unknown) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** `announce` as gRPC describes it, with protobufjs below. */
export async function describeAnnounce(): Promise<GrpcMethod> {
  const typeOf = await loadProtobufTypes();
  const codecOf = (name: string) => {
    const type = typeOf(name);
    return {
      serialize: (value: unknown) => Buffer.from(type.encode(value).finish()),
      deserialize: (bytes: Buffer) => type.decode(bytes),
    };
  };
  const [request, response] = [codecOf('Announce'), codecOf('AnnounceAnswer')];
  return {
    path: '/minitorrent.Tracker/Announce',
    requestStream: false,
    responseStream: false,
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: response.serialize,
    responseDeserialize: response.deserialize,
  };
}

/** Listens with TLS and a key like ours. */
export async function serveGrpc(method: GrpcMethod, answer: unknown): Promise<GrpcPlace> {
  const grpc = requireNpmPeer<Grpc>('@grpc/grpc-js');
  const identity = createIdentity();
  const certificate = certificatePem(identity.certificate);
  const { key } = tlsSettings(identity);
  const pair = { private_key: Buffer.from(String(key)), cert_chain: Buffer.from(certificate) };
  const server = new grpc.Server();
  server.addService({ announce: method }, { announce: (_, callback) => callback(null, answer) });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createSsl(null, [pair]), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  return { port: await promise, certificate };
}

export function connectGrpc(port: number, certificate: string): GrpcClient {
  const grpc = requireNpmPeer<Grpc>('@grpc/grpc-js');
  const options = { checkServerIdentity: () => undefined };
  return new grpc.Client(
    `127.0.0.1:${port}`,
    grpc.credentials.createSsl(Buffer.from(certificate), null, null, options),
    {
      // A name, because TLS does not allow an address there.
      'grpc.ssl_target_name_override': 'localhost',
      // Each client has a connection of its own.
      'grpc.use_local_subchannel_pool': 1,
    },
  );
}

/** The client, once it has its connection. */
export async function whenConnected(client: GrpcClient): Promise<GrpcClient> {
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + CONNECT_MS, (error) => (error ? reject(error) : resolve()));
  });
  return client;
}
