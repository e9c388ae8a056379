/**
 * The swarm's use of its request budget: new requests, deadlines, endgame.
 *
 * Everything that affects it: the piece map, the requests out and their times, the scores of connected peers, the
 * measured rate, the strategy, the limits, the time, `Random` for ties.
 *
 * A request has a deadline made of what its peer has shown. Past it the request is *late*: its pieces are offered to
 * others, it counts in no budget, and its peer gets no further request until it delivers, so a slow or silent peer
 * costs one piece. Endgame: when every missing piece that somebody has is asked for and budget is left, a piece that has
 * waited longer than its second source usually takes is asked of that one too; whoever is second is cancelled.
 */
import { isBeingStored, type PieceRequest, remaining } from './request-table.ts';
import { byLoad, piecesPerRequest, requestBudget, type Uploader, uploaderBudget } from './request-window.ts';
import type { PeerId } from './swarm-events.ts';
import type { SwarmState } from './swarm-state.ts';
import { scoreOf } from './swarm-state.ts';

/** Makes requests until the budget is used or nobody can be asked. */
export function fillWindow(state: SwarmState, nowMs: number): void {
  if (state.phase !== 'running' || state.pieces.missingCount === 0) return;
  const budget = currentBudget(state, nowMs);
  for (let free = budget - state.requests.outstanding; free > 0; free = budget - state.requests.outstanding) {
    const maxPieces = piecesPerRequest(budget, state.limits);
    // A large budget is for a long path: there a request is worth its while only for several pieces.
    if (free < maxPieces) return;
    const uploaders = freeUploaders(state, budget, nowMs);
    if (uploaders.length === 0) return;
    if (
      !requestOpenPieces(state, { uploaders, maxPieces, budget }, nowMs) &&
      !requestTwice(state, uploaders, nowMs)
    ) {
      return;
    }
  }
}

/** Marks requests late whose deadline has passed, and gives up on those that are late and silent. */
export function expireRequests(state: SwarmState, nowMs: number): void {
  for (const request of [...state.requests.all()]) {
    if (isBeingStored(request)) continue;
    if (nowMs >= dueMs(state, request)) state.requests.markLate(request);
    if (!request.late || nowMs < silenceEndsMs(state, request)) continue;
    cancelRequest(state, request);
    scoreOf(state, request.peer).failure(nowMs);
  }
}

/** Closes the request and tells the uploader. */
export function cancelRequest(state: SwarmState, request: PieceRequest): void {
  state.requests.close(request);
  state.effects.push({ kind: 'cancel', peer: request.peer, requestId: request.id });
}

/** Ends every request; those that have brought what they were to bring end by themselves. */
export function cancelAll(state: SwarmState): void {
  for (const request of [...state.requests.all()]) {
    if (remaining(request) > 0) cancelRequest(state, request);
    else state.requests.close(request);
  }
}

/** The uploader sends: a piece that arrives at a fair pace is waited for. */
export function noteBytes(state: SwarmState, request: PieceRequest, bytes: number, nowMs: number): void {
  request.lastByteAtMs = nowMs;
  const current = request.current;
  if (!current) return;
  current.bytes += bytes;
  if (isBeingStored(request)) state.requests.markInTime(request);
  const wholeMs = ((nowMs - current.startedAtMs) * current.sizeBytes) / current.bytes;
  const expectedAtMs = current.startedAtMs + 1.5 * wholeMs;
  if (expectedAtMs - request.startedAtMs > furthestDeadlineMs(state)) return;
  request.deadlineMs = Math.max(request.deadlineMs, expectedAtMs);
}

/** When a request next needs a look: the earliest deadline, silence, or turn for the endgame. */
export function nextRequestCheckMs(state: SwarmState, nowMs: number): number | undefined {
  let earliest: number | undefined;
  const isEndgame =
    state.limits.endgameSources > 1 && state.pieces.obtainableCount === 0 && !isBudgetUsed(state, nowMs);
  for (const request of state.requests.all()) {
    let atMs = request.late ? silenceEndsMs(state, request) : dueMs(state, request);
    const slowAtMs = request.waitsSinceMs + usualAnswerMs(state);
    if (isEndgame && slowAtMs > nowMs) atMs = Math.min(atMs, slowAtMs);
    if (Number.isFinite(atMs)) earliest = Math.min(earliest ?? atMs, atMs);
  }
  return earliest;
}

/** Whether nothing more would be asked for, whoever had something. */
export function isBudgetUsed(state: SwarmState, nowMs: number): boolean {
  return state.requests.outstanding >= currentBudget(state, nowMs);
}

/** How many pieces may be outstanding now. */
export function currentBudget(state: SwarmState, nowMs: number): number {
  const measure = { bytesPerSecond: state.rate.bytesPerSecond(nowMs), rttMs: state.pathRtt.meanMs ?? 0 };
  const budget = requestBudget(measure, state.sizes.pieceLength, state.limits);
  return Math.min(budget, piecesWithinLimit(state));
}

/** What is asked for under a limit comes soon: else it would keep uploaders busy and look late. */
function piecesWithinLimit({ downBytesPerSecond, sizes, limits }: SwarmState): number {
  if (downBytesPerSecond === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.floor((downBytesPerSecond * limits.limitedAheadMs) / (1_000 * sizes.pieceLength)));
}

/** How long the peer's own limit may hold a block of the longest kind back. */
function heldBackMs({ downBytesPerSecond, limits }: SwarmState): number {
  return downBytesPerSecond === undefined ? 0 : (limits.longestBlockBytes * 4_000) / downBytesPerSecond;
}

/** No deadline lies further ahead: not even under a limit, where a piece may take long and still be in time. */
function furthestDeadlineMs(state: SwarmState): number {
  const { downBytesPerSecond, sizes, limits } = state;
  const pieceMs = downBytesPerSecond === undefined ? 0 : (sizes.pieceLength * 1_000) / downBytesPerSecond;
  return Math.max(limits.maxDeadlineMs, 4 * pieceMs);
}

function freeUploaders(state: SwarmState, budget: number, nowMs: number): Uploader[] {
  const uploaders: Uploader[] = [];
  const { pieceLength } = state.sizes;
  const options = { pieceLength, budget, uploaders: state.neighbours.connected.size };
  // A peer that has shown nothing is believed to be like the others.
  const usualRate = state.uplinks.bytesPerSecond ?? 1;
  for (const peer of state.pieces.usefulPeers) {
    const score = scoreOf(state, peer);
    if (score.retryAtMs > nowMs || state.requests.isLate(peer)) continue;
    const rate = score.uplink.bytesPerSecond;
    const measure = { bytesPerSecond: rate ?? 0, rttMs: score.rttMs };
    const queuedPieces = state.requests.queuedAt(peer);
    const room = uploaderBudget(measure, options, state.limits) - queuedPieces;
    if (room > 0) uploaders.push({ peer, queuedPieces, room, bytesPerSecond: rate ?? usualRate });
  }
  return byLoad(uploaders, state.random);
}

function requestOpenPieces(
  state: SwarmState,
  plan: { readonly uploaders: readonly Uploader[]; readonly maxPieces: number; readonly budget: number },
  nowMs: number,
): boolean {
  if (state.pieces.obtainableCount === 0) return false;
  // Disjoint want-sets of equal size: a share of what is missing for each request in the budget.
  const share = Math.ceil((state.pieces.missingCount * plan.maxPieces) / plan.budget);
  const wantPieces = Math.max(plan.maxPieces, Math.min(share, state.limits.wantSetPieces));
  const pick = state.strategy.pick({ ...plan, wantPieces, pieces: state.pieces, random: state.random });
  if (!pick) return false;
  const room = plan.uploaders.find((uploader) => uploader.peer === pick.peer)?.room ?? 1;
  send(state, { ...pick, maxPieces: Math.min(plan.maxPieces, room) }, nowMs);
  return true;
}

function requestTwice(state: SwarmState, uploaders: readonly Uploader[], nowMs: number): boolean {
  if (state.pieces.obtainableCount > 0 || state.limits.endgameSources < 2) return false;
  for (const { peer } of uploaders) {
    const index = slowPieceFor(state, peer, nowMs);
    if (index === undefined) continue;
    send(state, { peer, pieces: [index], maxPieces: 1 }, nowMs);
    return true;
  }
  return false;
}

/** Of the pieces that others are asked for, too few of them, and `peer` has: the one that has waited longest, if long enough. */
function slowPieceFor(state: SwarmState, peer: PeerId, nowMs: number): number | undefined {
  const usualMs = scoreOf(state, peer).answer.meanMs ?? usualAnswerMs(state);
  for (const request of state.requests.all()) {
    if (request.late || request.peer === peer || nowMs < request.waitsSinceMs + usualMs) continue;
    for (const index of request.wanted) {
      // It is here: whoever was asked could send one leaf too many, and so again until the disk is done.
      if (index === request.current?.index && isBeingStored(request)) continue;
      const wanting = state.requests.wanting(index);
      if (wanting.length >= state.limits.endgameSources || wanting.some((each) => each.peer === peer))
        continue;
      if (state.pieces.has(peer, index)) return index;
    }
  }
  return undefined;
}

function send(
  state: SwarmState,
  asked: { readonly peer: PeerId; readonly pieces: readonly number[]; readonly maxPieces: number },
  nowMs: number,
): void {
  if (state.requests.size === 0) state.lastByteAtMs = nowMs;
  const maxPieces = Math.min(asked.maxPieces, asked.pieces.length);
  const patienceMs = scoreOf(state, asked.peer).patienceMs(maxPieces, state.answers) + heldBackMs(state);
  const request = state.requests.open(asked.peer, {
    pieces: asked.pieces,
    maxPieces,
    nowMs,
    deadlineMs: nowMs + patienceMs,
  });
  const { id, peer } = request;
  state.effects.push({ kind: 'request', requestId: id, peer, pieces: asked.pieces, maxPieces });
}

function usualAnswerMs(state: SwarmState): number {
  return state.answers.meanMs ?? state.limits.minDeadlineMs;
}

/** When the request counts as late: never while its piece is being stored. */
function dueMs(state: SwarmState, request: PieceRequest): number {
  if (isBeingStored(request)) return Number.POSITIVE_INFINITY;
  if (request.current) {
    const lastSignMs = Math.max(request.current.startedAtMs, request.lastByteAtMs ?? 0);
    return Math.min(request.deadlineMs, lastSignMs + stallMs(state));
  }
  const score = scoreOf(state, request.peer);
  if (score.answer.meanMs !== undefined) return request.deadlineMs;
  // It has shown nothing yet, and what the others need may have become known meanwhile.
  const patienceMs = score.patienceMs(request.maxPieces, state.answers);
  return Math.min(request.deadlineMs, request.startedAtMs + patienceMs);
}

/** How long an uploader may pause within a piece: a few times what whole pieces take, within bounds. */
function stallMs(state: SwarmState): number {
  const { sizes, uplinks, limits } = state;
  const pieceMs = (sizes.pieceLength * 1_000) / (uplinks.bytesPerSecond ?? Number.MIN_VALUE);
  const usualMs = Math.min(limits.maxStallMs, Math.max(limits.minDeadlineMs, 4 * pieceMs));
  return Math.max(usualMs, heldBackMs(state));
}

/** When a late request is given up; never before one that waits in a queue of slow pieces usually had an answer. */
function silenceEndsMs(state: SwarmState, request: PieceRequest): number {
  const patienceMs = Math.max(state.limits.silenceMs, 2 * (state.answers.boundMs ?? 0), heldBackMs(state));
  return (request.lastByteAtMs ?? request.startedAtMs) + patienceMs;
}
