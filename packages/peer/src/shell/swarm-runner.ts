/**
 * Carries out the swarm core of one download: connections, calls and timers on one side, events on the other.
 *
 * It decides nothing about peers or pieces. Events that come up while effects are carried out wait their turn, so the
 * core always sees them one after the other.
 */
import { Bitfield, type ChunkStore } from '@minitorrent/chunk-store';
import type { Clock, Connection, Random } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import { BegunPieces } from '../begun-pieces.ts';
import { isBroken } from '../broken-answer.ts';
import { peerContract } from '../contract.ts';
import { PEER_MESSAGE_LIMITS } from '../message-limits.ts';
import type { PeerPlace } from '../peer-place.ts';
import { PieceNewsCheck } from '../piece-news-check.ts';
import { mostOutstanding } from '../request-window.ts';
import { createSwarm, type Swarm } from '../swarm.ts';
import type {
  BanEvidence,
  PeerId,
  RequestId,
  SwarmEffect,
  SwarmEvent,
  SwarmWaitingReason,
} from '../swarm-events.ts';
import { type SwarmLimits, swarmLimits } from '../swarm-limits.ts';
import type { PickStrategyName } from '../transfers.ts';
import { fetchPieces } from './fetch-pieces.ts';
import type { Pace } from './pace.ts';
import type { PeerPool } from './peer-pool.ts';

const log = createDebug('minitorrent:peer:swarm');

export interface SwarmRunnerOptions {
  readonly groupId: string;
  readonly store: ChunkStore;
  readonly pool: PeerPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly strategy: PickStrategyName;
  /** The pace of all that this peer receives; without one there is no limit. */
  readonly downPace?: Pace;
  readonly limits?: Partial<SwarmLimits>;
  /** Everything that happens, for progress and logs. */
  onEvent(event: SwarmEvent): void;
  onWaiting(reason: SwarmWaitingReason): void;
  onBanned(peer: PeerId, evidence: BanEvidence): void;
  onHave(indices: readonly number[]): void;
  onNeedPeers(): void;
  onStoreError(error: unknown): void;
  onCompleted(): void;
}

/** A peer of this download that is connected, or about to be. */
interface Neighbour {
  readonly closing: AbortController;
  connection?: Connection;
}

export class SwarmRunner {
  readonly #options: SwarmRunnerOptions;
  readonly #swarm: Swarm;
  readonly #begun: BegunPieces;
  readonly #places = new Map<PeerId, PeerPlace>();
  readonly #neighbours = new Map<PeerId, Neighbour>();
  readonly #calls = new Map<RequestId, AbortController>();
  readonly #running = new Set<Promise<void>>();
  #events: SwarmEvent[] | undefined;
  #isClosed = false;
  #stopFollowing: () => void = () => undefined;
  #cancelWake: () => void = () => undefined;

  constructor(options: SwarmRunnerOptions) {
    const { store, random, strategy, limits = {} } = options;
    const { pieceCount } = store.layout;
    const { size, pieceLength } = store.manifest;
    this.#options = options;
    this.#begun = new BegunPieces({
      ...{ manifest: store.manifest, have: store.have },
      release: (bytes) => options.pool.blocks.release(bytes),
      most: Math.min(PEER_MESSAGE_LIMITS.begunPieces, mostOutstanding(pieceLength, swarmLimits(limits))),
    });
    this.#swarm = createSwarm({
      have: store.have,
      random,
      strategy,
      limits,
      pieceCount,
      pieceLength,
      sizeBytes: size,
    });
  }

  /** Keeps to the pace, and lets `first` come first. */
  start(first: { readonly first: number; readonly last: number } | undefined): void {
    const { downPace } = this.#options;
    if (downPace !== undefined) {
      const tellLimit = (): void =>
        this.tell({ kind: 'rate_limited', bytesPerSecond: downPace.bytesPerSecond });
      this.#stopFollowing = downPace.onChange(tellLimit);
      tellLimit();
    }
    if (first !== undefined) this.tell({ kind: 'range_wanted', range: first });
  }

  /** These peers share the file. */
  peersFound(peers: ReadonlyMap<PeerId, PeerPlace>): void {
    for (const [peer, place] of peers) this.#places.set(peer, place);
    this.tell({ kind: 'peers_found', peers: [...peers.keys()] });
  }

  /** How many connected peers have the piece. */
  copiesOf(index: number): number {
    return this.#swarm.copiesOf(index);
  }

  /** Hands `event` to the core and carries out what follows. */
  tell(event: SwarmEvent): void {
    if (this.#isClosed) return;
    if (this.#events !== undefined) {
      this.#events.push(event);
      return;
    }
    this.#events = [event];
    for (const next of this.#events) {
      this.#options.onEvent(next);
      for (const effect of this.#swarm.handle(next, this.#options.clock.now())) this.#carryOut(effect);
    }
    this.#events = undefined;
  }

  /** Ends every call and gives every connection back; resolves when no write is under way any more. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWake();
    this.#stopFollowing();
    for (const call of this.#calls.values()) call.abort();
    for (const { closing } of this.#neighbours.values()) closing.abort();
    await Promise.all(this.#running);
  }

  #carryOut(effect: SwarmEffect): void {
    const { onBanned, onNeedPeers, onHave, onWaiting, onCompleted } = this.#options;
    switch (effect.kind) {
      case 'connect':
        this.#run(this.#connect(effect.peer));
        break;
      case 'disconnect':
        this.#neighbours.get(effect.peer)?.closing.abort();
        break;
      case 'request':
        this.#request(effect);
        break;
      case 'cancel':
        this.#calls.get(effect.requestId)?.abort();
        break;
      case 'ban':
        onBanned(effect.peer, effect.evidence);
        break;
      case 'need_peers':
        onNeedPeers();
        break;
      case 'announce_have':
        onHave(effect.indices);
        break;
      case 'waiting':
        onWaiting(effect.reason);
        break;
      case 'wake_at':
        this.#wakeAt(effect.atMs);
        break;
      case 'completed':
        onCompleted();
    }
  }

  async #connect(peer: PeerId): Promise<void> {
    const place = this.#places.get(peer);
    if (place === undefined) throw new TypeError(`Cannot connect to peer ${peer}: its address is unknown`);
    const neighbour: Neighbour = { closing: new AbortController() };
    this.#neighbours.set(peer, neighbour);
    const { signal } = neighbour.closing;
    let failure: unknown;
    try {
      const { pool, groupId } = this.#options;
      const { connection, admitted, release } = await pool.acquire(groupId, place, signal);
      neighbour.connection = connection;
      await this.#listen(peer, connection, AbortSignal.any([signal, admitted])).finally(release);
    } catch (error) {
      log('peer %s: %s', peer, String(error));
      failure = error;
    }
    const wasConnected = neighbour.connection !== undefined;
    if (this.#neighbours.get(peer) === neighbour) this.#neighbours.delete(peer);
    if (!signal.aborted) this.tell(endOfNews(peer, wasConnected, failure));
  }

  /** Follows what the peer has, until the stream ends. */
  async #listen(peer: PeerId, connection: Connection, signal: AbortSignal): Promise<void> {
    const { groupId, store } = this.#options;
    const request = { groupId, root: store.manifest.root };
    const news = connection.client(peerContract).send_piece_info(request, { signal });
    this.tell({ kind: 'peer_connected', peer });
    const check = new PieceNewsCheck(store.layout.pieceCount);
    for await (const item of news) {
      check.take(item);
      if (item.kind === 'have') {
        this.tell({ kind: 'have_some', peer, indices: item.indices });
      } else {
        const have = Bitfield.fromBytes(item.bitfield, store.layout.pieceCount);
        this.tell({ kind: 'have_all', peer, have });
      }
    }
  }

  #request(effect: Extract<SwarmEffect, { kind: 'request' }>): void {
    const { peer, requestId, pieces, maxPieces } = effect;
    const neighbour = this.#neighbours.get(peer);
    const connection = neighbour?.connection;
    if (neighbour === undefined || connection === undefined) {
      this.tell({ kind: 'request_ended', peer, requestId, outcome: 'failed' });
      return;
    }
    const call = new AbortController();
    this.#calls.set(requestId, call);
    const { groupId, store, onStoreError, downPace } = this.#options;
    const done = fetchPieces({
      client: connection.client(peerContract),
      begun: this.#begun,
      blocks: this.#options.pool.blocks,
      ...{ groupId, store, peer, requestId, pieces, maxPieces, onStoreError },
      // Somebody else may use the connection of a peer that this download has given up.
      signal: AbortSignal.any([call.signal, neighbour.closing.signal]),
      ...(downPace === undefined ? {} : { pace: downPace }),
      report: (event) => this.tell(event),
    });
    this.#run(done.finally(() => this.#calls.delete(requestId)));
  }

  #wakeAt(atMs: number | undefined): void {
    this.#cancelWake();
    if (atMs === undefined || this.#isClosed) return;
    const { clock } = this.#options;
    this.#cancelWake = clock.schedule(Math.max(0, atMs - clock.now()), () => this.tell({ kind: 'tick' }));
  }

  #run(task: Promise<void>): void {
    this.#running.add(task);
    void task.finally(() => this.#running.delete(task));
  }
}

/** What follows when nothing more is heard of what a peer has; without `error` it has closed in good order. */
function endOfNews(peer: PeerId, wasConnected: boolean, error: unknown): SwarmEvent {
  if (isBroken(error)) return { kind: 'answer_broken', peer, index: undefined, problem: error.message };
  const problem = error instanceof Error ? error.message : undefined;
  return { kind: wasConnected ? 'peer_lost' : 'peer_failed', peer, problem };
}
