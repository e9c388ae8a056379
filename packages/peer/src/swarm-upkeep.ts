/**
 * What a swarm looks after beside its requests: neighbours, have news, the reason for waiting, the next wake-up.
 *
 * Everything that affects it: the swarm's state and the time. Each function adds effects only where something changed.
 */

import type { SwarmWaitingReason } from './swarm-events.ts';
import { releasePeer } from './swarm-pieces.ts';
import { isBudgetUsed, nextRequestCheckMs } from './swarm-scheduler.ts';
import type { SwarmState } from './swarm-state.ts';

/** Connects, replaces, and gives up on peers that never said what they have. */
export function keepNeighbours(state: SwarmState, nowMs: number): void {
  for (const [peer, sinceMs] of state.silentSince) {
    if (nowMs < sinceMs + state.limits.silenceMs) continue;
    state.silentSince.delete(peer);
    state.neighbours.down(peer, nowMs);
    state.effects.push({ kind: 'disconnect', peer, reason: 'silent' });
  }
  if (state.phase !== 'running') return;
  for (const peer of state.neighbours.replaceNow(state.pieces.usefulPeers, nowMs)) {
    releasePeer(state, peer);
    state.effects.push({ kind: 'disconnect', peer, reason: 'useless' });
  }
  for (const peer of state.neighbours.connectNow(nowMs)) state.effects.push({ kind: 'connect', peer });
}

/** Asks for more peers: at once, and then ever more seldom. */
export function askForPeers(state: SwarmState, nowMs: number): void {
  if (state.phase !== 'running' || !lacksPeers(state)) return;
  if (nowMs < state.askedForPeersAtMs + state.askForPeersWaitMs) return;
  if (state.askedForPeersAtMs !== Number.NEGATIVE_INFINITY) {
    state.askForPeersWaitMs = Math.min(state.limits.retryMaxMs, 2 * state.askForPeersWaitMs);
  }
  state.askedForPeersAtMs = nowMs;
  state.effects.push({ kind: 'need_peers' });
}

/** Sends the have news that has gathered, at most so often, or `now`. */
export function announceHaves(
  state: SwarmState,
  nowMs: number,
  options: { readonly now?: boolean } = {},
): void {
  if (state.pendingHaves.length === 0) return;
  if (!options.now && nowMs < state.announcedAtMs + state.limits.announceMs) return;
  state.announcedAtMs = nowMs;
  state.effects.push({ kind: 'announce_have', indices: state.pendingHaves.splice(0) });
}

/** Says why nothing moves, whenever that changes. */
export function showReason(state: SwarmState, nowMs: number): void {
  const isNewSource =
    state.reason !== 'none' && state.reason !== 'slow_peers' && state.pieces.usefulPeers.size > 0;
  if (isNewSource) state.lastByteAtMs = nowMs;
  const reason = waitingReason(state, nowMs);
  if (reason === state.reason) return;
  state.reason = reason;
  state.effects.push({ kind: 'waiting', reason });
}

/**
 * Asks for a `tick` at the earliest time at which something may follow from time alone. A tick that is on its way and
 * comes earlier is left: most times move back with every piece, and a timer for each would cost more than a tick.
 */
export function setWakeTime(state: SwarmState, nowMs: number): void {
  if (state.wakeAtMs !== undefined && state.wakeAtMs <= nowMs) state.wakeAtMs = undefined;
  let earliest = nextRequestCheckMs(state, nowMs);
  if (state.pendingHaves.length > 0)
    earliest = sooner(earliest, state.announcedAtMs + state.limits.announceMs);
  if (state.phase === 'running') earliest = sooner(earliest, nextRunningMs(state, nowMs));
  if (earliest === undefined || earliest >= (state.wakeAtMs ?? Number.POSITIVE_INFINITY)) return;
  state.wakeAtMs = earliest;
  state.effects.push({ kind: 'wake_at', atMs: earliest });
}

/**
 * More peers could be remembered, nobody is asked for anything, or nothing comes of it; and nobody new is about to say what
 * they have. Who came first knows only the source, and whoever comes last is of use to those alone who ask again.
 */
function lacksPeers(state: SwarmState): boolean {
  if (state.neighbours.connecting + state.silentSince.size > 0) return false;
  if (state.neighbours.known < state.limits.maxKnownPeers) return true;
  return state.requests.outstanding === 0 || state.reason === 'slow_peers';
}

function waitingReason(state: SwarmState, nowMs: number): SwarmWaitingReason {
  if (state.phase === 'completed') return 'none';
  if (state.phase !== 'running') return state.phase;
  if (state.pieces.usefulPeers.size > 0) {
    const isQuick = nowMs < state.lastByteAtMs + state.limits.slowMs;
    return isQuick || state.requests.isStoring ? 'none' : 'slow_peers';
  }
  if (state.neighbours.connecting + state.silentSince.size > 0) return 'connecting';
  return state.neighbours.connected.size > 0 ? 'no_source_for_pieces' : 'no_peers';
}

/** The next time at which a running download has something to look at; what has passed was looked at. */
function nextRunningMs(state: SwarmState, nowMs: number): number | undefined {
  let earliest = later(nowMs, state.neighbours.nextRetryMs());
  if (lacksPeers(state))
    earliest = sooner(earliest, later(nowMs, state.askedForPeersAtMs + state.askForPeersWaitMs));
  if (state.reason === 'none')
    earliest = sooner(earliest, later(nowMs, state.lastByteAtMs + state.limits.slowMs));
  for (const sinceMs of state.silentSince.values())
    earliest = sooner(earliest, sinceMs + state.limits.silenceMs);
  if (isBudgetUsed(state, nowMs)) return earliest;
  for (const peer of state.pieces.usefulPeers)
    earliest = sooner(earliest, later(nowMs, state.scores.get(peer)?.retryAtMs));
  return earliest;
}

function sooner(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}

function later(nowMs: number, atMs: number | undefined): number | undefined {
  return atMs !== undefined && atMs > nowMs ? atMs : undefined;
}
