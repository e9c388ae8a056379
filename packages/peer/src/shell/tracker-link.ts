/**
 * The peer's standing connection to whichever of its trackers answers.
 *
 * It connects, logs in again after every reconnection, and carries calls: one that finds its connection broken is made
 * again on the next connection, with the same request id, until its patience is over. Which tracker comes next and when
 * is `TrackerRotation`'s decision; what the calls mean is their caller's business.
 */
import type {
  Address,
  CallOptions,
  Client,
  Clock,
  Connection,
  Network,
  Random,
  Served,
} from '@minitorrent/rpc-core';
import { createConnection, RpcError } from '@minitorrent/rpc-core';
import { trackerContract } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import { TrackerRotation } from '../tracker-rotation.ts';
import { untilAborted, wait } from '../waiting.ts';

const log = createDebug('minitorrent:peer:tracker-link');

export type TrackerClient = Client<typeof trackerContract>;

export interface TrackerLinkOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** In order of preference, at least one. */
  readonly trackers: readonly Address[];
  /** What this peer answers to its tracker. */
  readonly callbacks: Served;
  /** How long a call looks for a tracker that answers, milliseconds. */
  readonly patienceMs: number;
  /** Runs on every new connection before any call: logs in again. A failure here is told to `onConnected`'s user. */
  introduce(client: TrackerClient): Promise<void>;
  onConnected(address: Address): void;
  onLost(address: Address, reason: string): void;
}

type Call<R> = (client: TrackerClient, options: CallOptions) => Promise<R>;

export class TrackerLink {
  readonly #options: TrackerLinkOptions;
  readonly #rotation: TrackerRotation;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #ready = Promise.withResolvers<Connection>();
  #current: Connection | undefined;
  #lastFailure: unknown;

  constructor(options: TrackerLinkOptions) {
    this.#options = options;
    this.#rotation = new TrackerRotation(options.trackers.length, options.random);
    this.#running = this.#run();
  }

  /**
   * Makes `call` on a tracker that answers, again where a connection breaks under it.
   * Fails with `tracker_unreachable` when patience is over, and with the tracker's own coded errors.
   */
  async call<R>(call: Call<R>, options: { readonly signal?: AbortSignal } = {}): Promise<R> {
    const patience = new AbortController();
    const cancelTimer = this.#options.clock.schedule(this.#options.patienceMs, () =>
      patience.abort(outOfPatience),
    );
    const signals = [patience.signal, this.#closing.signal];
    const signal = AbortSignal.any(options.signal === undefined ? signals : [...signals, options.signal]);
    try {
      return await this.#callUntilAnswered(call, signal);
    } catch (error) {
      throw this.#explain(error, options.signal);
    } finally {
      cancelTimer();
    }
  }

  /** Closes the connection and ends every call with `closed`. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new PeerError('closed', 'Cannot go on: this peer is closed'));
    await this.#running;
  }

  async #callUntilAnswered<R>(call: Call<R>, signal: AbortSignal): Promise<R> {
    for (;;) {
      const connection = await untilAborted(this.#ready.promise, signal);
      try {
        return await call(connection.client(trackerContract), { signal });
      } catch (error) {
        if (!isConnectionFailure(error)) throw error;
        log('a call found its connection broken: %s', String(error));
        await untilAborted(connection.closed, signal);
        this.#forget(connection);
      }
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const { tracker, delayMs } = this.#rotation.next(this.#options.clock.now());
      await wait(this.#options.clock, delayMs, signal);
      if (!signal.aborted) await this.#useTracker(tracker);
    }
  }

  async #useTracker(tracker: number): Promise<void> {
    const address = this.#options.trackers[tracker];
    if (address === undefined) throw new RangeError(`No tracker ${tracker}`);
    const { clock, onConnected, onLost } = this.#options;
    let connection: Connection;
    try {
      connection = await this.#open(address);
    } catch (error) {
      log('cannot use tracker %s:%d: %s', address.host, address.port, String(error));
      this.#lastFailure = error;
      this.#rotation.failed(tracker, clock.now());
      return;
    }
    this.#rotation.succeeded(tracker);
    this.#current = connection;
    this.#ready.resolve(connection);
    onConnected(address);
    const reason = await connection.closed;
    this.#forget(connection);
    this.#lastFailure = reason.kind === 'failed' ? reason.error : undefined;
    if (this.#closing.signal.aborted) return;
    this.#rotation.failed(tracker, clock.now());
    onLost(address, reason.kind === 'failed' ? reason.error.message : 'it closed the connection');
  }

  /** Whoever asks for a connection from now on waits for the next one. */
  #forget(connection: Connection): void {
    if (this.#current !== connection) return;
    this.#current = undefined;
    this.#ready = Promise.withResolvers();
  }

  async #open(address: Address): Promise<Connection> {
    const { network, clock, callbacks, introduce } = this.#options;
    const { signal } = this.#closing;
    const channel = await network.connect(address, { signal });
    const connection = createConnection({ channel, clock, serve: [callbacks], trusted: true });
    signal.addEventListener('abort', () => void connection.close());
    try {
      await connection.opened;
      await introduce(connection.client(trackerContract));
      return connection;
    } catch (error) {
      connection.abort();
      throw error;
    }
  }

  #explain(error: unknown, callerSignal: AbortSignal | undefined): unknown {
    if (error !== outOfPatience || callerSignal?.aborted === true) return error;
    const where = this.#options.trackers.map(({ host, port }) => `${host}:${port}`).join(', ');
    return new PeerError('tracker_unreachable', `Cannot reach a tracker at ${where}`, {
      cause: this.#lastFailure,
    });
  }
}

const outOfPatience = new Error('No tracker answered in time');

/** The connection failed, not the call: another tracker, or the next connection, may answer it. */
function isConnectionFailure(error: unknown): boolean {
  return error instanceof RpcError && !error.remote && RETRIED.has(error.code);
}

const RETRIED: ReadonlySet<string> = new Set(['connection_lost', 'closed', 'idle_timeout', 'frame_too_slow']);
