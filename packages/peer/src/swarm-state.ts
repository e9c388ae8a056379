/**
 * What the swarm core of one download remembers: the tables that its parts work on, and the few facts beside them.
 *
 * One owner: `createSwarm` makes it and hands it to the functions of `swarm-*.ts`. Nothing here decides.
 */
import type { Random } from '@minitorrent/rpc-core';
import { Neighbours } from './neighbours.ts';
import { PeerScore, RateEstimate, TimeEstimate } from './peer-score.ts';
import { PieceMap } from './piece-map.ts';
import type { PickStrategy } from './piece-picker.ts';
import type { RateMeter } from './rate-meter.ts';
import { createRateMeter } from './rate-meter.ts';
import { RequestTable } from './request-table.ts';
import type { PeerId, PiecesOf, SwarmEffect, SwarmWaitingReason } from './swarm-events.ts';
import type { SwarmLimits } from './swarm-limits.ts';

export type SwarmPhase = 'running' | 'paused' | 'store_failed' | 'completed';

/** The size of a file and of its pieces, bytes. */
export interface PieceSizes {
  readonly pieceCount: number;
  readonly pieceLength: number;
  readonly sizeBytes: number;
}

export interface SwarmState {
  readonly sizes: PieceSizes;
  readonly limits: SwarmLimits;
  readonly random: Random;
  readonly pieces: PieceMap;
  readonly requests: RequestTable;
  readonly neighbours: Neighbours;
  readonly scores: Map<PeerId, PeerScore>;
  /** Connected peers whose bitfield has not come, and since when. */
  readonly silentSince: Map<PeerId, number>;
  /** Answer times of all peers together. */
  readonly answers: TimeEstimate;
  readonly rate: RateMeter;
  /** The uplinks of all peers together. */
  readonly uplinks: RateEstimate;
  /** Round trips of the paths that pieces came over. */
  readonly pathRtt: TimeEstimate;
  readonly pendingHaves: number[];
  strategy: PickStrategy;
  phase: SwarmPhase;
  reason: SwarmWaitingReason;
  /** The tick that is on its way. */
  wakeAtMs: number | undefined;
  /** When the last byte came in, or since when there is something to wait for. */
  lastByteAtMs: number;
  announcedAtMs: number;
  askedForPeersAtMs: number;
  askForPeersWaitMs: number;
  duplicatePieces: number;
  /** What all downloads of this peer may receive together. */
  downBytesPerSecond: number | undefined;
  /** What is to be done, in order; taken by `handle`. */
  effects: SwarmEffect[];
}

export function createSwarmState(options: {
  readonly sizes: PieceSizes;
  readonly have: PiecesOf;
  readonly limits: SwarmLimits;
  readonly random: Random;
  readonly strategy: PickStrategy;
}): SwarmState {
  const pieces = new PieceMap(options.sizes.pieceCount, options.have);
  return {
    sizes: options.sizes,
    limits: options.limits,
    random: options.random,
    pieces,
    requests: new RequestTable(pieces),
    neighbours: new Neighbours(options),
    scores: new Map(),
    silentSince: new Map(),
    answers: new TimeEstimate(),
    rate: createRateMeter(),
    uplinks: new RateEstimate(),
    pathRtt: new TimeEstimate(),
    pendingHaves: [],
    strategy: options.strategy,
    phase: 'running',
    reason: 'none',
    wakeAtMs: undefined,
    lastByteAtMs: Number.NEGATIVE_INFINITY,
    announcedAtMs: Number.NEGATIVE_INFINITY,
    askedForPeersAtMs: Number.NEGATIVE_INFINITY,
    askForPeersWaitMs: options.limits.needPeersMs,
    duplicatePieces: 0,
    downBytesPerSecond: undefined,
    effects: [],
  };
}

/** The record of `peer`, new where there was none. */
export function scoreOf(state: SwarmState, peer: PeerId): PeerScore {
  const existing = state.scores.get(peer);
  if (existing) return existing;
  const score = new PeerScore(state);
  state.scores.set(peer, score);
  return score;
}

/** Bytes of piece `index`: the last one of a file may be shorter. */
export function pieceBytes(sizes: PieceSizes, index: number): number {
  return Math.min(sizes.pieceLength, sizes.sizeBytes - index * sizes.pieceLength);
}
