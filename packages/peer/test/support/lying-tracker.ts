/**
 * What stands between peers and their tracker and passes everything on, but for what a test changes: a tracker that lies.
 *
 * It answers as the tracker does, by the same device id, and speaks to it as each peer does: on a network in memory both are
 * taken on trust.
 */
import {
  type Connection,
  createConnection,
  createServer,
  createSystemClock,
  type Handlers,
  RpcError,
  type RpcServer,
  serve,
} from '@minitorrent/rpc-core';
import type { MemoryNetwork } from '@minitorrent/rpc-core/memory';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';

type Asked = Handlers<typeof trackerContract>;
type Told = Handlers<typeof trackerCallbacks>;
type AnyHandlers = Readonly<Record<string, (request: never, context: { connection: Connection }) => unknown>>;

/** Makes something else of a message before it is passed on. */
export interface Lies {
  /** Of what peers ask. */
  readonly answers?: {
    readonly [M in keyof Asked]?: (answer: Awaited<ReturnType<Asked[M]>>) => Awaited<ReturnType<Asked[M]>>;
  };
  /** Of what the tracker tells peers. */
  readonly told?: {
    readonly [M in keyof Told]?: (request: Parameters<Told[M]>[0]) => Parameters<Told[M]>[0];
  };
}

export interface LyingTrackerOptions {
  readonly network: MemoryNetwork;
  readonly deviceId: Uint8Array;
  /** Of the tracker. */
  readonly behind: { readonly host: string; readonly port: number };
  readonly address: { readonly host: string; readonly port: number };
  lies: Lies;
  /** Everything that peers ask, by name. */
  readonly asked: string[];
}

export async function startLyingTracker(options: LyingTrackerOptions): Promise<RpcServer> {
  const { network, deviceId, behind, address } = options;
  const clock = createSystemClock();
  const ways = new WeakMap<Connection, Promise<Connection>>();

  const wayOf = (peer: Connection): Promise<Connection> => {
    const known = ways.get(peer) ?? open(peer);
    ways.set(peer, known);
    return known;
  };

  async function open(peer: Connection): Promise<Connection> {
    const { remote, remoteIdentity } = peer.remote;
    const channel = await network.from(remote.host, remoteIdentity).connect(behind);
    const lies = options.lies.told as Record<string, ((request: unknown) => unknown) | undefined> | undefined;
    const handlers = forward((name, request) => {
      const lie = lies?.[name] ?? ((truth: unknown) => truth);
      return call(peer.client(trackerCallbacks), name, lie(request));
    });
    const served = [serve(trackerCallbacks, handlers as unknown as Told)];
    const connection = createConnection({ channel, clock, serve: served, trusted: true });
    void connection.closed.then(() => peer.abort());
    void peer.closed.then(() => connection.abort());
    return connection;
  }

  const handlers = forward(async (name, request, peer) => {
    options.asked.push(name);
    const way = await wayOf(peer);
    const answer = await call(way.client(trackerContract), name, request);
    const lies = options.lies.answers as
      | Record<string, ((answer: unknown) => unknown) | undefined>
      | undefined;
    return lies?.[name]?.(answer) ?? answer;
  });
  const served = [serve(trackerContract, handlers as unknown as Asked)];
  return await createServer({
    ...{ network: network.from(address.host, deviceId), clock, address, serve: served, trusted: true },
    onConnection: (connection) => void wayOf(connection),
  });
}

/** What the other side refuses is refused in its words. */
async function call(client: object, name: string, request: unknown): Promise<unknown> {
  try {
    return await (client as Record<string, (request: unknown) => unknown>)[name]?.(request);
  } catch (error) {
    throw error instanceof RpcError ? new RpcError(error.code, error.message) : error;
  }
}

/** Handlers for every name there is. */
function forward(pass: (name: string, request: unknown, connection: Connection) => unknown): AnyHandlers {
  return new Proxy({} as AnyHandlers, {
    get: (_, name) => (request: unknown, context: { readonly connection: Connection }) =>
      pass(String(name), request, context.connection),
  });
}
