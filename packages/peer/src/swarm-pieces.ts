/**
 * What follows from the news of one request: a piece begun, bytes, a piece verified, its end. And from proof of a lie.
 *
 * Everything that affects it: the swarm's state, the event and its time. The first copy of a piece counts; whoever else
 * is sending it, or was asked for nothing else, is cancelled. A piece that comes after its request was cancelled is
 * taken all the same: it is verified.
 */
import type { PeerScore } from './peer-score.ts';
import { isBeingStored, type PieceRequest, remaining } from './request-table.ts';
import type { BanEvidence, PeerId, RequestId, SwarmEvent } from './swarm-events.ts';
import { cancelRequest, noteBytes } from './swarm-scheduler.ts';
import { pieceBytes, type SwarmState, scoreOf } from './swarm-state.ts';

/** What an event says of the request that it belongs to. */
type OfRequest = { readonly peer: PeerId; readonly requestId: RequestId };

/** True where nothing can follow from it. */
export function pieceStarted(
  state: SwarmState,
  event: OfRequest & { readonly index: number; readonly bytes?: number },
  nowMs: number,
): boolean {
  const request = requestOf(state, event);
  if (!request) return true;
  scoreOf(state, event.peer).roundTrip(nowMs - request.startedAtMs);
  if (request.wanted.has(event.index)) {
    const sizeBytes = event.bytes ?? pieceBytes(state.sizes, event.index);
    request.current = { index: event.index, startedAtMs: nowMs, sizeBytes, bytes: 0 };
    return true;
  }
  cancelRequest(state, request);
  // Somebody else was quicker with this piece: no fault. A piece that nobody asked it for is one.
  if (state.pieces.isMissing(event.index)) scoreOf(state, event.peer).failure(nowMs);
  return false;
}

/** True where nothing can follow from it. */
export function bytesReceived(
  state: SwarmState,
  event: OfRequest & { readonly bytes: number },
  nowMs: number,
): boolean {
  state.rate.add(event.bytes, nowMs);
  state.lastByteAtMs = nowMs;
  const request = requestOf(state, event);
  if (request?.current) state.pieces.begin(request.current.index);
  if (request) noteBytes(state, request, event.bytes, nowMs);
  return state.reason === 'none';
}

/** The first copy of a piece makes every other one superfluous. */
export function pieceVerified(
  state: SwarmState,
  event: OfRequest & { readonly index: number },
  nowMs: number,
): void {
  const request = requestOf(state, event);
  // While it was being stored nobody may have been asked for anything.
  state.lastByteAtMs = nowMs;
  if (request) creditPiece(state, request, event.index, nowMs);
  if (!state.pieces.obtain(event.index)) {
    state.duplicatePieces += 1;
    return;
  }
  state.pendingHaves.push(event.index);
  for (const other of [...state.requests.wanting(event.index)]) {
    state.requests.unwant(other, event.index);
    if (other.current?.index === event.index || remaining(other) === 0) cancelRequest(state, other);
  }
}

function requestOf(state: SwarmState, event: OfRequest): PieceRequest | undefined {
  const request = state.requests.get(event.requestId);
  return request?.peer === event.peer ? request : undefined;
}

function creditPiece(state: SwarmState, request: PieceRequest, index: number, nowMs: number): void {
  const score = scoreOf(state, request.peer);
  // What the disk took is not the peer's.
  const sentAtMs = isBeingStored(request) ? (request.lastByteAtMs ?? nowMs) : nowMs;
  const waitedMs = sentAtMs - request.waitsSinceMs;
  const sentMs = sentAtMs - (request.current?.startedAtMs ?? sentAtMs);
  const bytes = request.current?.sizeBytes ?? pieceBytes(state.sizes, index);
  score.piece({ bytes, waitedMs, sentMs });
  state.uplinks.add(bytes, sentMs);
  state.answers.add(waitedMs);
  state.pathRtt.add(score.rttMs);
  request.waitsSinceMs = nowMs;
  request.delivered += 1;
  request.current = undefined;
  state.requests.unwant(request, index);
  if (request.delivered === request.maxPieces) state.requests.unwantAll(request);
  const patienceMs = score.patienceMs(Math.max(1, remaining(request)), state.answers);
  request.deadlineMs = Math.max(request.deadlineMs, nowMs + patienceMs);
}

/** What was reserved and not delivered is open again; how the request ended is held against its peer, or not. */
export function requestEnded(
  state: SwarmState,
  event: Extract<SwarmEvent, { kind: 'request_ended' }>,
  nowMs: number,
): void {
  const request = requestOf(state, event);
  if (!request) return;
  const denied = [...request.wanted];
  state.requests.close(request);
  const score = scoreOf(state, event.peer);
  if (event.outcome === 'busy') score.busy(pieceMs(state, score), nowMs);
  if (event.outcome === 'failed') score.failure(nowMs);
  // One that sent all, while somebody else sent the last leaf first, has done nothing wrong.
  if (event.outcome === 'done' && request.delivered === 0 && !isBeingStored(request)) score.failure(nowMs);
  if (event.outcome !== 'missing_piece') return;
  for (const index of denied) state.pieces.removeHave(event.peer, index);
  score.failure(nowMs);
  if (score.deny(denied)) banPeer(state, event.peer, { kind: 'false_have', pieces: score.deniedPieces });
}

function pieceMs(state: SwarmState, score: PeerScore): number | undefined {
  return score.uplink.bytesPerSecond && (state.sizes.pieceLength * 1_000) / score.uplink.bytesPerSecond;
}

/** Proof against a peer: it is reported once, given up, and does not come back in this download. */
export function banPeer(state: SwarmState, peer: PeerId, evidence: BanEvidence): void {
  const score = scoreOf(state, peer);
  if (score.bannedFor) return;
  score.ban(evidence);
  releasePeer(state, peer);
  state.neighbours.ban(peer);
  state.effects.push({ kind: 'ban', peer, evidence }, { kind: 'disconnect', peer, reason: 'banned' });
}

/** The peer is gone, or starts anew: nothing stays reserved for it, nothing of it counts. */
export function releasePeer(state: SwarmState, peer: PeerId): void {
  for (const request of [...state.requests.of(peer)]) state.requests.close(request);
  state.pieces.removePeer(peer);
  state.silentSince.delete(peer);
}
