/**
 * The requests that are out, and which pieces they reserve.
 *
 * Every reservation belongs to a request with a deadline, and every request to a peer, so that nothing stays reserved
 * when either goes away. It keeps the piece map's open set in step: a piece is open while it is missing and no request
 * that is in time wants it. It decides nothing and affects nothing else.
 */
import type { PieceMap } from './piece-map.ts';
import type { PeerId, RequestId } from './swarm-events.ts';
import { requestId } from './swarm-events.ts';

/** A piece that has begun to come. */
export interface PieceUnderWay {
  readonly index: number;
  readonly startedAtMs: number;
  /** How much of it is to come in all: less than the piece where leaves of it were here. */
  readonly sizeBytes: number;
  /** How much of that has come. */
  bytes: number;
}

export interface PieceRequest {
  readonly id: RequestId;
  readonly peer: PeerId;
  /** Pieces it may still bring. */
  readonly wanted: Set<number>;
  /** Pieces it was to bring. */
  readonly maxPieces: number;
  readonly startedAtMs: number;
  delivered: number;
  /** When it began to wait for its next piece. */
  waitsSinceMs: number;
  /** The piece that the uploader is sending. */
  current: PieceUnderWay | undefined;
  lastByteAtMs: number | undefined;
  /** After this its pieces are offered to others. */
  deadlineMs: number;
  /** Past its deadline, or told off by the endgame: it may still deliver, and counts in no budget. */
  late: boolean;
}

export class RequestTable {
  readonly #pieces: PieceMap;
  readonly #byId = new Map<RequestId, PieceRequest>();
  readonly #byPeer = new Map<PeerId, Set<PieceRequest>>();
  /** By index: most pieces are wanted by one request or none, so lists are quicker than sets. */
  readonly #byPiece: (PieceRequest[] | undefined)[] = [];
  #nextId = 1;

  constructor(pieces: PieceMap) {
    this.#pieces = pieces;
  }

  /** Pieces that requests in time are to bring. */
  get outstanding(): number {
    let outstanding = 0;
    for (const request of this.#byId.values()) if (!request.late) outstanding += remaining(request);
    return outstanding;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Whether a piece is here that the store has not taken yet. */
  get isStoring(): boolean {
    for (const request of this.#byId.values()) if (isBeingStored(request)) return true;
    return false;
  }

  all(): Iterable<PieceRequest> {
    return this.#byId.values();
  }

  get(id: RequestId): PieceRequest | undefined {
    return this.#byId.get(id);
  }

  of(peer: PeerId): ReadonlySet<PieceRequest> {
    return this.#byPeer.get(peer) ?? NONE;
  }

  /** The requests that may bring the piece. */
  wanting(index: number): readonly PieceRequest[] {
    return this.#byPiece[index] ?? NOBODY;
  }

  /** Pieces that `peer` is still to bring. */
  queuedAt(peer: PeerId): number {
    let queued = 0;
    for (const request of this.of(peer)) queued += remaining(request);
    return queued;
  }

  isLate(peer: PeerId): boolean {
    for (const request of this.of(peer)) if (request.late) return true;
    return false;
  }

  open(
    peer: PeerId,
    asked: {
      readonly pieces: readonly number[];
      readonly maxPieces: number;
      readonly nowMs: number;
      readonly deadlineMs: number;
    },
  ): PieceRequest {
    const request: PieceRequest = {
      id: requestId(this.#nextId),
      peer,
      wanted: new Set(asked.pieces),
      maxPieces: asked.maxPieces,
      startedAtMs: asked.nowMs,
      delivered: 0,
      waitsSinceMs: asked.nowMs,
      current: undefined,
      lastByteAtMs: undefined,
      deadlineMs: asked.deadlineMs,
      late: false,
    };
    this.#nextId += 1;
    this.#byId.set(request.id, request);
    addTo(this.#byPeer, peer, request);
    for (const index of asked.pieces) {
      const wanting = this.#byPiece[index];
      if (wanting) wanting.push(request);
      else this.#byPiece[index] = [request];
      this.#pieces.withdraw(index);
    }
    return request;
  }

  /** `request` is not expected to bring this piece any more. */
  unwant(request: PieceRequest, index: number): void {
    if (!request.wanted.delete(index)) return;
    const wanting = this.#byPiece[index];
    wanting?.splice(wanting.indexOf(request), 1);
    this.#offerAgain(index);
  }

  /** Others may be asked for its pieces; should it bring one first, so much the better. */
  markLate(request: PieceRequest): void {
    if (request.late) return;
    request.late = true;
    for (const index of request.wanted) this.#offerAgain(index);
  }

  /** Its piece is here and being stored: it is not late any more, and nobody else is to be asked for its pieces. */
  markInTime(request: PieceRequest): void {
    if (!request.late) return;
    request.late = false;
    for (const index of request.wanted) this.#pieces.withdraw(index);
  }

  /** Forgets the request and gives back what it reserved. */
  close(request: PieceRequest): void {
    if (!this.#byId.delete(request.id)) return;
    removeFrom(this.#byPeer, request.peer, request);
    this.unwantAll(request);
  }

  /** `request` is to bring nothing more. It stays in the table until it is closed. */
  unwantAll(request: PieceRequest): void {
    for (const index of [...request.wanted]) this.unwant(request, index);
  }

  #offerAgain(index: number): void {
    for (const request of this.wanting(index)) if (!request.late) return;
    this.#pieces.offer(index);
  }
}

/** Pieces that the request is still to bring. */
export function remaining(request: PieceRequest): number {
  return Math.min(request.maxPieces - request.delivered, request.wanted.size);
}

/** All that it was to send of its piece came, and the piece is being stored: that takes as long as the disk does. */
export function isBeingStored({ current }: PieceRequest): boolean {
  return current !== undefined && current.bytes >= current.sizeBytes;
}

const NONE: ReadonlySet<PieceRequest> = new Set();
const NOBODY: readonly PieceRequest[] = [];

function addTo<K>(map: Map<K, Set<PieceRequest>>, key: K, request: PieceRequest): void {
  const requests = map.get(key);
  if (requests) requests.add(request);
  else map.set(key, new Set([request]));
}

function removeFrom<K>(map: Map<K, Set<PieceRequest>>, key: K, request: PieceRequest): void {
  const requests = map.get(key);
  requests?.delete(request);
  if (requests?.size === 0) map.delete(key);
}
