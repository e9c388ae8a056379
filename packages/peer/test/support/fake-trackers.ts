/**
 * Trackers that answer as a test tells them, on a network of their own; every message that was not told of is a failure.
 */
import {
  type Clock,
  createServer,
  createSystemClock,
  createSystemRandom,
  type Handlers,
  type Network,
  type RpcServer,
  serve,
} from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';
import { TrackerLinks, type TrackerLinksOptions } from '../../src/shell/tracker-links.ts';

export type TrackerHandlers = Handlers<typeof trackerContract>;

export interface FakeTrackersOptions {
  readonly network?: Network;
  readonly clock?: Clock;
}

export class FakeTrackers implements AsyncDisposable {
  readonly network: Network;
  readonly clock: Clock;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly #handlers: readonly Partial<TrackerHandlers>[];
  readonly #open: { close(): Promise<unknown> }[] = [];

  /** None of them runs yet. */
  constructor(handlers: readonly Partial<TrackerHandlers>[], options: FakeTrackersOptions = {}) {
    this.#handlers = handlers;
    this.network = options.network ?? createMemoryNetwork();
    this.clock = options.clock ?? createSystemClock();
    this.addresses = handlers.map((_, place) => ({ host: 'tracker', port: 1 + place }));
  }

  /** All of them run. */
  static async start(
    handlers: readonly Partial<TrackerHandlers>[],
    options?: FakeTrackersOptions,
  ): Promise<FakeTrackers> {
    const trackers = new FakeTrackers(handlers, options);
    for (const place of handlers.keys()) await trackers.start(place);
    return trackers;
  }

  /** Starts the tracker at that place, again perhaps. Closing it with an aborted signal is its sudden death. */
  async start(place: number): Promise<RpcServer> {
    const known = this.#handlers[place] ?? {};
    const handlers = new Proxy(known, {
      get: (_, name) =>
        Reflect.get(known, name) ?? (() => Promise.reject(new Error(`Unexpected ${String(name)}`))),
    }) as TrackerHandlers; // Every name is answered by the proxy.
    const { network, clock } = this;
    const address = this.addresses[place] ?? { host: 'tracker', port: 0 };
    const served = [serve(trackerContract, handlers)];
    const server = await createServer({ network, clock, address, serve: served, trusted: true });
    this.#open.push({ close: () => server.close({ signal: AbortSignal.abort() }) });
    return server;
  }

  /** Links to all of them. */
  links(options: Partial<TrackerLinksOptions> = {}): TrackerLinks {
    const { network, clock, addresses } = this;
    const links = new TrackerLinks({
      ...{ network, clock, random: createSystemRandom(), trackers: addresses, patienceMs: 5_000 },
      callbacks: serve(trackerCallbacks, {
        make_file: async () => ({}),
        membership_changed: async () => ({}),
        devices_revoked: async () => ({}),
        peer_authentication: async () => ({ decision: 'undecided' }),
      }),
      onConnected: () => undefined,
      onLost: () => undefined,
      onLetIn: () => undefined,
      onRefused: () => undefined,
      onPasswordNeeded: () => undefined,
      ...options,
    });
    this.#open.push(links);
    return links;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of this.#open.reverse()) await open.close();
  }
}
