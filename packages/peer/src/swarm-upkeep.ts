/**
 * What a swarm looks after beside its requests: neighbours, have news, the reason for waiting, the next wake-up.
 *
 * Everything that affects it: the swarm's state and the time. Each function adds effects only where something changed.
 */

import type { SwarmWaitingReason } from './swarm-events.ts';
import { nextRequestCheckMs, usefulPeers } from './swarm-scheduler.ts';
import type { SwarmState } from './swarm-state.ts';

/** Connects, replaces, gives up on peers that never said what they have, and asks for more peers where they lack. */
export function keepNeighbours(state: SwarmState, nowMs: number): void {
  for (const [peer, sinceMs] of state.silentSince) {
    if (nowMs - sinceMs < state.limits.silenceMs) continue;
    state.silentSince.delete(peer);
    state.neighbours.down(peer, nowMs);
    state.effects.push({ kind: 'disconnect', peer, reason: 'silent' });
  }
  if (state.phase !== 'running') return;
  for (const peer of state.neighbours.replaceNow(nowMs)) {
    state.pieces.removePeer(peer);
    state.effects.push({ kind: 'disconnect', peer, reason: 'useless' });
  }
  for (const peer of state.neighbours.connectNow(nowMs)) state.effects.push({ kind: 'connect', peer });
  askForPeers(state, nowMs);
}

/** Sends the have news that has gathered, at most so often, or `now`. */
export function announceHaves(
  state: SwarmState,
  nowMs: number,
  options: { readonly now?: boolean } = {},
): void {
  if (state.pendingHaves.length === 0) return;
  if (!options.now && nowMs - state.announcedAtMs < state.limits.announceMs) return;
  state.announcedAtMs = nowMs;
  state.effects.push({ kind: 'announce_have', indices: state.pendingHaves.splice(0) });
}

/** Says why nothing moves, whenever that changes. */
export function showReason(state: SwarmState, nowMs: number): void {
  const reason = waitingReason(state, nowMs);
  if (reason === state.reason) return;
  state.reason = reason;
  state.effects.push({ kind: 'waiting', reason });
}

/** Asks for a `tick` at the earliest time at which something may follow from time alone. */
export function setWakeTime(state: SwarmState, nowMs: number): void {
  const times = [
    nextRequestCheckMs(state, nowMs),
    state.pendingHaves.length > 0 ? state.announcedAtMs + state.limits.announceMs : undefined,
    ...(state.phase === 'running' ? runningTimes(state, nowMs) : []),
  ];
  let earliest: number | undefined;
  for (const atMs of times) if (atMs !== undefined) earliest = Math.min(earliest ?? atMs, atMs);
  if (earliest === state.wakeAtMs) return;
  state.wakeAtMs = earliest;
  state.effects.push({ kind: 'wake_at', atMs: earliest });
}

function askForPeers(state: SwarmState, nowMs: number): void {
  if (!lacksPeers(state) || nowMs < state.askedForPeersAtMs + state.askForPeersWaitMs) return;
  if (state.askedForPeersAtMs !== Number.NEGATIVE_INFINITY) {
    state.askForPeersWaitMs = Math.min(state.limits.retryMaxMs, 2 * state.askForPeersWaitMs);
  }
  state.askedForPeersAtMs = nowMs;
  state.effects.push({ kind: 'need_peers' });
}

/** Nobody has anything for us, and nobody new is about to say. */
function lacksPeers(state: SwarmState): boolean {
  if (state.pieces.missingCount === 0 || state.neighbours.connecting + state.silentSince.size > 0)
    return false;
  return usefulPeers(state).length === 0;
}

function waitingReason(state: SwarmState, nowMs: number): SwarmWaitingReason {
  if (state.phase === 'completed') return 'none';
  if (state.phase !== 'running') return state.phase;
  if (state.requests.outstanding > 0) {
    return nowMs - state.lastByteAtMs < state.limits.slowMs ? 'none' : 'slow_peers';
  }
  if (usefulPeers(state).length > 0) return 'slow_peers';
  if (state.neighbours.connecting + state.silentSince.size > 0) return 'connecting';
  return state.neighbours.connected.size > 0 ? 'no_source_for_pieces' : 'no_peers';
}

/** Times to come at which a running download has something to look at; those that have passed were looked at. */
function runningTimes(state: SwarmState, nowMs: number): number[] {
  const times = [
    state.neighbours.nextRetryMs(),
    lacksPeers(state) ? state.askedForPeersAtMs + state.askForPeersWaitMs : undefined,
    state.reason === 'none' ? state.lastByteAtMs + state.limits.slowMs : undefined,
  ];
  for (const sinceMs of state.silentSince.values()) times.push(sinceMs + state.limits.silenceMs);
  for (const peer of usefulPeers(state)) times.push(state.scores.get(peer)?.retryAtMs);
  return times.filter((atMs) => atMs !== undefined).filter((atMs) => atMs > nowMs);
}
