/**
 * Calls to the other trackers of the cluster, each over one connection that is made when it is needed.
 *
 * A new connection first asks who is there: that proves the cluster id before anything large is sent, and tells which
 * store answers at that address now. Where the network proves who answers, nobody else than the pinned device is asked
 * anything. An address at which another one answers, or a copy of this very store, is left alone for a while, and of a copy
 * it is told: two trackers on copies of one data folder must not both take part. A connection on which several calls stay without an answer is given up, because its cable may be cut where a new one finds another way.
 */
import type {
  Address,
  CallOptions,
  Client,
  Clock,
  Connection,
  Network,
  PinnedAddress,
} from '@minitorrent/rpc-core';
import { createConnection, RpcError, whoToExpect } from '@minitorrent/rpc-core';
import { trackerContract } from '../contract.ts';
import { toHex } from '../hex.ts';
import type { StoreId } from '../register.ts';
import { CLUSTER_TIMES } from './options.ts';

type TrackerClient = Client<typeof trackerContract>;

export interface OtherTrackersOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly clusterId: Uint8Array;
  readonly addresses: readonly PinnedAddress[];
  /** Of this tracker: nobody else may have it. */
  readonly self: StoreId;
  /** Told of a device that answers in the place of another one. */
  readonly onFault: (reason: string) => void;
  /** Told of a tracker that has the store of this one: where it runs. */
  readonly onCopy: (where: string) => void;
}

interface Line {
  readonly connection: Connection;
  readonly client: TrackerClient;
  readonly storeId: StoreId;
  silentCalls: number;
}

export class OtherTrackers {
  readonly #options: OtherTrackersOptions;
  readonly #addresses: ReadonlyMap<string, PinnedAddress>;
  readonly #lines = new Map<string, Promise<Line>>();
  /** Where another device answered: with what calls fail, and until when. */
  readonly #impostors = new Map<string, { readonly error: RpcError; readonly untilMs: number }>();
  readonly #closing = new AbortController();

  constructor(options: OtherTrackersOptions) {
    this.#options = options;
    this.#addresses = new Map(options.addresses.map((address) => [nameOf(address), address]));
  }

  /** Each is named by its address. */
  get names(): readonly string[] {
    return [...this.#addresses.keys()];
  }

  /** Calls the tracker of that name. Fails with an `RpcError`: the other side's, or `closed`, `connect_failed`, `wrong_identity`, `deadline_exceeded`. */
  async call<R>(
    name: string,
    call: (client: TrackerClient, options: CallOptions) => Promise<R>,
    options: CallOptions,
  ): Promise<R> {
    const line = await this.#line(name);
    try {
      const answer = await call(line.client, options);
      line.silentCalls = 0;
      return answer;
    } catch (error) {
      if (isRpcError(error, 'deadline_exceeded')) this.#wasSilent(line);
      throw error;
    }
  }

  /** The name under which that store answers; undefined where none does. */
  async find(storeId: StoreId): Promise<string | undefined> {
    const asked = this.names.map(async (name) => {
      const line = await this.#line(name);
      if (line.storeId === storeId) return name;
      throw new RpcError('not_primary', `Another tracker answers at ${name}`);
    });
    return Promise.any(asked).catch(() => undefined);
  }

  /** Asks each of them who is there; resolves when all have answered, or have not within `connectMs`. Never rejects. */
  async lookAround(): Promise<void> {
    await Promise.allSettled(this.names.map((name) => this.#line(name)));
  }

  /** Ends all connections at once. Idempotent. */
  close(): void {
    this.#closing.abort(new RpcError('closed', 'This tracker is closing'));
  }

  #line(name: string): Promise<Line> {
    const known = this.#lines.get(name);
    if (known !== undefined) return known;
    const impostor = this.#impostors.get(name);
    if (impostor !== undefined && this.#options.clock.now() < impostor.untilMs)
      return Promise.reject(impostor.error);
    const line = this.#open(name);
    this.#lines.set(name, line);
    const forget = (): void => {
      if (this.#lines.get(name) === line) this.#lines.delete(name);
    };
    line.then(
      ({ connection }) => connection.closed.then(forget),
      (error: unknown) => {
        forget();
        this.#lookOut(name, error);
      },
    );
    return line;
  }

  #lookOut(name: string, error: unknown): void {
    const { clock, onFault, onCopy } = this.#options;
    this.#impostors.delete(name);
    if (!isRpcError(error, 'wrong_identity', 'store_copied')) return;
    this.#impostors.set(name, { error, untilMs: clock.now() + CLUSTER_TIMES.impostorMs });
    if (error.code === 'store_copied') onCopy(`at ${name}`);
    else onFault(`${error.message}; check the address of that tracker, its pin and its data folder`);
  }

  async #open(name: string): Promise<Line> {
    const { network, clock, clusterId } = this.#options;
    const address = this.#addresses.get(name);
    if (address === undefined) throw new RangeError(`There is no tracker ${name} in this cluster`);
    const tooLong = new AbortController();
    const cancel = clock.schedule(CLUSTER_TIMES.connectMs, () =>
      tooLong.abort(new RpcError('connect_failed', `The tracker at ${name} does not answer`)),
    );
    const signal = AbortSignal.any([this.#closing.signal, tooLong.signal]);
    try {
      const channel = await network.connect(address, { signal, ...whoToExpect(network, address) });
      const connection = createConnection({ channel, clock, trusted: true });
      this.#closing.signal.addEventListener('abort', () => connection.abort(), { once: true });
      try {
        const client = connection.client(trackerContract);
        const { storeId } = await client.tracker_status({ clusterId }, { signal });
        this.#requireAnother(name, toHex(storeId));
        return { connection, client, storeId: toHex(storeId), silentCalls: 0 };
      } catch (error) {
        connection.abort();
        throw error;
      }
    } finally {
      cancel();
    }
  }

  /** Two trackers on copies of one store would each take the other for itself. */
  #requireAnother(name: string, storeId: StoreId): void {
    if (storeId !== this.#options.self) return;
    throw new RpcError('store_copied', `The tracker at ${name} has a copy of the data folder of this one`);
  }

  #wasSilent(line: Line): void {
    line.silentCalls += 1;
    if (line.silentCalls >= CLUSTER_TIMES.silentCalls) line.connection.abort();
  }
}

/** `host:port`, with brackets around an IPv6 address. */
export function nameOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function isRpcError(error: unknown, ...codes: readonly string[]): error is RpcError {
  return error instanceof RpcError && codes.includes(error.code);
}
