/**
 * One download's swarm: what is told to it and the time go in, what to do comes out.
 *
 * Everything that affects its decisions: the events with their times, the pieces that were here before, the strategy,
 * the limits, and `Random` for ties and jitter. It reads no clock; `wake_at` says when it wants a `tick`.
 *
 * It holds the rules of a download together: pieces are asked for within a total budget (request-window), by a strategy
 * (piece-picker), with deadlines and endgame (swarm-scheduler); what comes in is credited or held against its sender
 * (swarm-pieces, peer-score); neighbours are kept and there is always a reason to show while nothing moves (swarm-upkeep).
 */
import type { Random } from '@minitorrent/rpc-core';
import { type PickStrategy, pickStrategy, rangeFirst } from './piece-picker.ts';
import type { PeerId, PiecesOf, SwarmEffect, SwarmEvent } from './swarm-events.ts';
import { type SwarmLimits, swarmLimits } from './swarm-limits.ts';
import {
  banPeer,
  bytesReceived,
  pieceStarted,
  pieceVerified,
  releasePeer,
  requestEnded,
} from './swarm-pieces.ts';
import { cancelAll, expireRequests, fillWindow, isBudgetUsed } from './swarm-scheduler.ts';
import {
  createSwarmState,
  type PieceSizes,
  type SwarmPhase,
  type SwarmState,
  scoreOf,
} from './swarm-state.ts';
import { announceHaves, askForPeers, keepNeighbours, setWakeTime, showReason } from './swarm-upkeep.ts';
import type { PickStrategyName } from './transfers.ts';

export interface SwarmOptions extends PieceSizes {
  /** The pieces that are in the store already. */
  readonly have: PiecesOf;
  readonly random: Random;
  /** `rarest-first` by default. */
  readonly strategy?: PickStrategyName | PickStrategy;
  readonly limits?: Partial<SwarmLimits>;
}

/** A look at a swarm, for user interfaces and tests. */
export interface SwarmView {
  readonly phase: SwarmPhase;
  readonly missingPieces: number;
  /** Pieces asked for by requests that are in time. */
  readonly outstandingPieces: number;
  /** Requests that are out, late ones included. */
  readonly requests: number;
  readonly connectedPeers: number;
  /** Verified pieces that came a second time. */
  readonly duplicatePieces: number;
}

export interface Swarm {
  /** Takes what happened at `nowMs` and answers what to do, in order. Times must not go backwards. */
  handle(event: SwarmEvent, nowMs: number): readonly SwarmEffect[];
  view(): SwarmView;
  /** How many connected peers have the piece: what an upload queue chooses by. */
  copiesOf(index: number): number;
}

/** The swarm core of one download. With no piece missing it reports `completed` at the first event. */
export function createSwarm(options: SwarmOptions): Swarm {
  const base =
    typeof options.strategy === 'object'
      ? options.strategy
      : pickStrategy(options.strategy ?? 'rarest-first');
  const state = createSwarmState({
    sizes: options,
    have: options.have,
    limits: swarmLimits(options.limits),
    random: options.random,
    strategy: base,
  });

  return {
    copiesOf: (index) => state.pieces.copiesOf(index),
    handle(event, nowMs) {
      if (event.kind === 'range_wanted') {
        state.strategy = event.range ? rangeFirst(base, event.range) : base;
      }
      const isRoutine = apply(state, event, nowMs);
      if (!isRoutine) settle(state, nowMs);
      const effects = state.effects;
      state.effects = [];
      return effects;
    },
    view: () => ({
      phase: state.phase,
      missingPieces: state.pieces.missingCount,
      outstandingPieces: state.requests.outstanding,
      requests: state.requests.size,
      connectedPeers: state.neighbours.connected.size,
      duplicatePieces: state.duplicatePieces,
    }),
  };
}

/** True where nothing can follow from the event: most events are news of bytes, and those must be cheap. */
function apply(state: SwarmState, event: SwarmEvent, nowMs: number): boolean {
  switch (event.kind) {
    case 'peers_found':
      peersFound(state, event.peers);
      return false;
    case 'peer_connected':
      peerConnected(state, event.peer, nowMs);
      return false;
    case 'peer_failed':
      state.neighbours.down(event.peer, nowMs);
      return false;
    case 'peer_lost':
      releasePeer(state, event.peer);
      state.neighbours.down(event.peer, nowMs);
      return false;
    case 'have_all':
      haveAll(state, event.peer, event.have, nowMs);
      return false;
    case 'have_some':
      return haveSome(state, event, nowMs);
    case 'piece_started':
      return pieceStarted(state, event, nowMs);
    case 'bytes_received':
      return bytesReceived(state, event, nowMs);
    case 'piece_verified':
      pieceVerified(state, event, nowMs);
      return false;
    case 'piece_bad':
      banPeer(state, event.peer, { kind: 'bad_leaf', piece: event.index, leaf: event.leaf });
      return false;
    case 'answer_broken':
      banPeer(state, event.peer, { kind: 'broken_answer', piece: event.index, problem: event.problem });
      return false;
    case 'request_ended':
      requestEnded(state, event, nowMs);
      return false;
    case 'store_failed':
      for (const index of event.lost ?? []) state.pieces.lose(index);
      stop(state, 'store_failed');
      return false;
    case 'paused':
      if (state.phase !== 'completed') stop(state, 'paused');
      return false;
    case 'resumed':
      if (state.phase !== 'completed') state.phase = 'running';
      state.lastByteAtMs = nowMs;
      return false;
    case 'tick':
      // It may come a little early, as timers do: the rest of the wait needs a new one.
      state.wakeAtMs = undefined;
      return false;
    case 'range_wanted':
      return false;
    case 'rate_limited':
      state.downBytesPerSecond = event.bytesPerSecond;
      return false;
  }
}

/** Everything that may follow from any event, in the order in which one affects the next. */
function settle(state: SwarmState, nowMs: number): void {
  if (state.phase === 'running' && state.pieces.missingCount === 0) complete(state, nowMs);
  expireRequests(state, nowMs);
  keepNeighbours(state, nowMs);
  fillWindow(state, nowMs);
  announceHaves(state, nowMs);
  showReason(state, nowMs);
  askForPeers(state, nowMs);
  setWakeTime(state, nowMs);
}

function peersFound(state: SwarmState, peers: readonly PeerId[]): void {
  const { neighbours, limits } = state;
  for (const peer of peers) {
    const isLacking = neighbours.known < limits.fullMeshPeers;
    if (neighbours.found(peer) && isLacking) state.askForPeersWaitMs = limits.needPeersMs;
  }
}

function peerConnected(state: SwarmState, peer: PeerId, nowMs: number): void {
  releasePeer(state, peer);
  const answer = state.neighbours.up(peer);
  if (answer === 'kept') state.silentSince.set(peer, nowMs);
  else state.effects.push({ kind: 'disconnect', peer, reason: answer });
}

function haveAll(state: SwarmState, peer: PeerId, have: PiecesOf, nowMs: number): void {
  if (!state.neighbours.connected.has(peer)) return;
  const askedAtMs = state.silentSince.get(peer);
  if (askedAtMs !== undefined) scoreOf(state, peer).roundTrip(nowMs - askedAtMs);
  state.silentSince.delete(peer);
  state.pieces.setPeer(peer, have);
}

/**
 * True where nothing can follow from it: most events of a large swarm are such news, and mostly the budget is used, or their
 * peer is not to be asked before a time for which there is a tick.
 */
function haveSome(
  state: SwarmState,
  { peer, indices }: Extract<SwarmEvent, { kind: 'have_some' }>,
  nowMs: number,
): boolean {
  const wasUseful = state.pieces.usefulPeers.has(peer);
  for (const index of indices) state.pieces.addHave(peer, index);
  if (state.reason !== 'none') return false;
  return wasUseful && isBudgetUsed(state, nowMs);
}

function stop(state: SwarmState, phase: 'paused' | 'store_failed'): void {
  state.phase = phase;
  cancelAll(state);
}

function complete(state: SwarmState, nowMs: number): void {
  state.phase = 'completed';
  cancelAll(state);
  announceHaves(state, nowMs, { now: true });
  state.effects.push({ kind: 'completed' });
}
