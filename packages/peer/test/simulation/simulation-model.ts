/**
 * What a simulation is made of, and what a simulated peer can do to its world.
 */

import type { PeerId, SwarmEffect } from '../../src/swarm-events.ts';
import type { SwarmLimits } from '../../src/swarm-limits.ts';
import type { PickStrategyName } from '../../src/transfers.ts';
import type { UploadId, UploadLimits } from '../../src/upload-events.ts';
import type { UploadWindowLimits } from '../../src/upload-window.ts';
import type { SimulatedTracker, TrackedPeer } from './simulated-tracker.ts';
import type { VirtualTime } from './virtual-time.ts';

/**
 * `wrong_bytes`: has nothing, announces everything, sends rubbish. `false_have`: announces everything and then denies
 * it. `silent`: announces everything and never answers.
 */
export type Behaviour = 'honest' | 'wrong_bytes' | 'false_have' | 'silent';

/**
 * A connection, over which whoever opened it asks and the other one answers; two peers that want pieces of each other have
 * two. Messages on it are lost once it is closed, and never overtake each other.
 */
export interface Link {
  /** Among all of a simulation. */
  readonly name: string;
  isOpen: boolean;
  /** When the last message of each side arrives. */
  readonly arrivesAtMs: Map<PeerId, number>;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly leechers: number;
  readonly pieces: number;
  readonly pieceLength: number;
  /** Bytes per millisecond of the seeder's and the leechers' uplinks. */
  readonly seederUplink: number;
  readonly leecherUplink: number | ((leecher: number) => number);
  /** Bytes per millisecond of every leecher's downlink; without one only uplinks limit. */
  readonly downlink?: number;
  /** One way, milliseconds; each message takes up to `jitterMs` more. */
  readonly delayMs: number;
  readonly jitterMs?: number;
  /** What headers of all layers add to the bytes of pieces, as a share of them. */
  readonly overhead?: number;
  /**
   * What a connection takes before it has left. `none` (unless given): nothing, so that an uploader sees its uplink at once.
   * `endless`: all, as sockets with their buffers do. `windowed`: all, but uploaders give it no more than their window.
   */
  readonly sockets?: 'none' | 'endless' | 'windowed';
  readonly windowLimits?: Partial<UploadWindowLimits>;
  readonly strategy?: PickStrategyName;
  readonly limits?: Partial<SwarmLimits>;
  readonly uploadLimits?: Partial<UploadLimits>;
  /** Peers beside those that only lie. */
  readonly liars?: readonly Exclude<Behaviour, 'honest'>[];
  /** Leechers that vanish, and when they come back (never: undefined). */
  readonly churn?: readonly {
    readonly leecher: number;
    readonly downAtMs: number;
    readonly upAtMs?: number;
  }[];
  /** Peers that the tracker names in one answer; as many as the product's unless given. */
  readonly trackerPeers?: number;
  readonly untilMs?: number;
  /** Whether each request and budget is checked against the rules: true unless given. */
  readonly checksRules?: boolean;
}

/** Everything outside a peer, as it sees it. */
export interface SimulationWorld<Peer extends TrackedPeer> {
  readonly options: SimulationOptions;
  readonly time: VirtualTime;
  readonly tracker: SimulatedTracker<Peer>;
  /** Unique in a whole simulation, so that they name uplink transfers too. */
  nextUploadId(): UploadId;
  peer(id: PeerId): Peer;
  connect(from: Peer, to: Peer): void;
  /** `from` gives up the connection that it opened. */
  disconnect(from: Peer, to: Peer): void;
  /** `from` ends the connection that `listener` opened. */
  hangUp(from: Peer, listener: Peer): void;
  request(from: Peer, request: Extract<SwarmEffect, { kind: 'request' }>): void;
  announce(from: Peer, indices: readonly number[]): void;
  /** A message over the link that `from` has opened to `to`, if there is one. */
  send(from: Peer, to: Peer, task: () => void): void;
  sendOver(link: Link, from: Peer, task: () => void): void;
  /** `bytes` of a piece have left `from` and arrive at `to`, as soon as its downlink has taken them. */
  deliverPiece(
    link: Link,
    piece: { readonly from: Peer; readonly to: Peer; readonly bytes: number },
    task: () => void,
  ): void;
  /** An uploader begins to send a piece. */
  countBegun(uploader: Peer, receiver: Peer, index: number): void;
  countPiece(receiver: Peer, index: number): void;
  countBusy(): void;
  checkBudget(peer: Peer): void;
  /** A peer has every piece. */
  completed(peer: Peer): void;
}
