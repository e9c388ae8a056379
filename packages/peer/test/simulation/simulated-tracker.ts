/**
 * The tracker of a simulated swarm: the real presence core and announce limits behind links with a delay.
 *
 * It is asked as the product's shells ask: a download begins with who has the file, then the peer announces what it holds,
 * soon after it has something to say or wants more peers, and again when the tracker said so. Peers that have the whole file
 * at their start were there before the others. One tracker, which never fails.
 */
import type { Random } from '@minitorrent/rpc-core';
import { deviceKey, MESSAGE_LIMITS } from '@minitorrent/tracker/contract';
import { createRateLimiter, DEFAULT_LIMITS, Presence, type RateLimiter } from '@minitorrent/tracker/testing';
import { type PeerId, peerId, type SwarmEvent } from '../../src/swarm-events.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What a peer has to say gathers for so long, as in the product. */
const GATHER_MS = 20;
/** After an announce that was refused, as in the product. */
const RETRY_MS = 2_000;
const FILE = { groupId: 'group', root: 'file' };
const PORT = 1;

export interface SimulatedTrackerOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  /** One way, milliseconds. */
  readonly delayMs: number;
  /** Peers that one answer names; as many as the product's unless given. */
  readonly peersPerAnswer?: number | undefined;
}

export interface TrackedPeer {
  readonly id: PeerId;
  readonly isUp: boolean;
  /** Whether it says that it has the whole file. */
  readonly announcesAll: boolean;
  tell(event: SwarmEvent): void;
}

export class SimulatedTracker<Peer extends TrackedPeer> {
  readonly #options: SimulatedTrackerOptions;
  readonly #presence: Presence;
  readonly #announces: RateLimiter;
  /** When each peer announces next. */
  readonly #dueMs = new Map<Peer, number>();

  constructor(options: SimulatedTrackerOptions) {
    const { announcesPerSecond: perSecond, announceBurst: burst } = DEFAULT_LIMITS;
    this.#options = options;
    this.#presence = new Presence(DEFAULT_LIMITS, options.random);
    this.#announces = createRateLimiter({ perSecond, burst });
  }

  /** A peer starts: it is told who has the file, and announces itself. */
  join(peer: Peer): void {
    const { time, delayMs } = this.#options;
    this.#dueMs.delete(peer);
    if (peer.announcesAll) this.#take(peer);
    time.after(delayMs, () => {
      this.#answer(peer);
      time.after(delayMs, () => this.nudge(peer));
    });
  }

  /** It has something new to say, or wants more peers: it announces soon. */
  nudge(peer: Peer, waitMs: number = GATHER_MS): void {
    const { time, delayMs } = this.#options;
    const atMs = time.nowMs + waitMs;
    if (atMs >= (this.#dueMs.get(peer) ?? Number.POSITIVE_INFINITY)) return;
    this.#dueMs.set(peer, atMs);
    time.at(atMs, () => {
      if (this.#dueMs.get(peer) !== atMs) return;
      this.#dueMs.delete(peer);
      if (peer.isUp) time.after(delayMs, () => this.#announce(peer));
    });
  }

  /** Its connection breaks. */
  lost(peer: Peer): void {
    const { time, delayMs } = this.#options;
    this.#dueMs.delete(peer);
    time.after(delayMs, () => {
      if (!peer.isUp) this.#presence.connectionLost(keyOf(peer), time.nowMs);
    });
  }

  #announce(peer: Peer): void {
    if (!peer.isUp) return;
    const isRefused = this.#announces.take(keyOf(peer), this.#options.time.nowMs) > 0;
    if (!isRefused) {
      this.#take(peer);
      if (!peer.announcesAll) this.#answer(peer);
    }
    this.#options.time.after(this.#options.delayMs, () =>
      this.nudge(peer, isRefused ? RETRY_MS : DEFAULT_LIMITS.announceIntervalMs),
    );
  }

  #take(peer: Peer): void {
    const address = { key: keyOf(peer), host: peer.id, port: PORT };
    const holding = peer.announcesAll ? 'complete' : 'partial';
    this.#presence.announce(address, [{ ...FILE, holding }], this.#options.time.nowMs);
  }

  #answer(peer: Peer): void {
    const { time, random, delayMs, peersPerAnswer: most = MESSAGE_LIMITS.peersPerFile } = this.#options;
    this.#presence.expire(time.nowMs);
    const named = this.#presence.peersOf(FILE, { except: keyOf(peer), most, random });
    const peers = named.map(({ userId }) => peerId(userId));
    time.after(delayMs, () => peer.tell({ kind: 'peers_found', peers }));
  }
}

/** Each simulated user has one device. */
function keyOf({ id }: TrackedPeer): string {
  return deviceKey(id, new Uint8Array(32));
}
