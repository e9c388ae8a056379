/**
 * Connections to other peers, one for each device, shared by all downloads that use it.
 *
 * A connection lives while somebody holds a lease on it. Both its ends serve pieces, so a peer that connects here can be
 * served over the same connection; what is asked over it is the downloads' business. Where the network proves who
 * answers, nothing is asked of another device than the one that a tracker named.
 */
import type { Address, Connection, Network, Served } from '@minitorrent/rpc-core';
import { type Clock, createConnection, whoToExpect } from '@minitorrent/rpc-core';
import type { Admission } from '../admission.ts';
import type { ArrivingBlocks } from '../arriving-blocks.ts';
import { PeerError } from '../errors.ts';
import { STRANGER_LIMITS } from '../message-limits.ts';
import { type PeerPlace, peerOfDevice } from '../peer-place.ts';
import type { PeerId } from '../swarm-events.ts';
import { untilAborted } from '../waiting.ts';

export interface PeerPoolOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly admission: Admission;
  /** What this peer serves on the connections that it opens. */
  readonly serve: readonly Served[];
  /** From the first packet to a connection that can be used, milliseconds. */
  readonly connectTimeoutMs: number;
  /** Where blocks arrive over the connections. */
  readonly blocks: ArrivingBlocks;
}

/** A share in a connection; the last one that is released closes it. */
export interface Lease {
  readonly connection: Connection;
  /** Aborts when the other end is not known to be in the group any more. */
  readonly admitted: AbortSignal;
  release(): void;
}

interface Entry {
  readonly opening: Promise<Connection>;
  readonly closing: AbortController;
  leases: number;
}

export class PeerPool {
  readonly #options: PeerPoolOptions;
  readonly #entries = new Map<PeerId, Entry>();

  constructor(options: PeerPoolOptions) {
    this.#options = options;
  }

  get blocks(): ArrivingBlocks {
    return this.#options.blocks;
  }

  /**
   * A lease on the connection to the device at `place`, which is opened there if there is none, to ask for what is in the
   * group. Fails with what connecting reports, `wrong_identity` where another device answers, and as admission does.
   */
  async acquire(groupId: string, place: PeerPlace, signal: AbortSignal): Promise<Lease> {
    const peer = peerOfDevice(place.deviceId);
    const entry = this.#entries.get(peer) ?? this.#open(peer, place);
    entry.leases += 1;
    try {
      const connection = await untilAborted(entry.opening, signal);
      const admitted = await this.#options.admission.enter(connection, groupId, signal);
      return { connection, admitted, release: once(() => this.#release(entry)) };
    } catch (error) {
      this.#release(entry);
      throw error;
    }
  }

  /** Closes every connection. */
  close(): void {
    for (const { closing } of this.#entries.values()) closing.abort();
  }

  #open(peer: PeerId, place: PeerPlace): Entry {
    const closing = new AbortController();
    const opening = this.#connect(place, closing.signal);
    const entry: Entry = { opening, closing, leases: 0 };
    this.#entries.set(peer, entry);
    const forget = (): void => {
      if (this.#entries.get(peer) === entry) this.#entries.delete(peer);
    };
    opening.then((connection) => connection.closed).then(forget, forget);
    closing.signal.addEventListener('abort', forget);
    return entry;
  }

  async #connect(place: PeerPlace, signal: AbortSignal): Promise<Connection> {
    const { network, clock, serve, blocks, connectTimeoutMs } = this.#options;
    const late = new AbortController();
    const disarm = clock.schedule(connectTimeoutMs, () => late.abort(tooLate(place, connectTimeoutMs)));
    const eitherSignal = AbortSignal.any([signal, late.signal]);
    try {
      const expected = whoToExpect(network, { ...place, pin: place.deviceId });
      const channel = await network.connect(place, { signal: eitherSignal, ...expected });
      const allocate = (byteLength: number): Uint8Array => blocks.allocate(byteLength);
      const connection = createConnection({ channel, clock, serve, allocate, limits: STRANGER_LIMITS });
      signal.addEventListener('abort', () => connection.abort());
      await untilAborted(connection.opened, eitherSignal).catch((error: unknown) => {
        connection.abort();
        throw error;
      });
      return connection;
    } finally {
      disarm();
    }
  }

  #release(entry: Entry): void {
    entry.leases -= 1;
    if (entry.leases === 0) entry.closing.abort();
  }
}

function tooLate({ host, port }: Address, timeoutMs: number): PeerError {
  return new PeerError('connect_timeout', `Cannot connect to peer ${host}:${port} within ${timeoutMs} ms`);
}

function once(task: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) task();
    isDone = true;
  };
}
