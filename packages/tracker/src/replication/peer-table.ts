/**
 * What a tracker knows of the others: who answers under which name, what was asked of them, how far they are.
 *
 * A tracker is known by the id of its store and reached by its name (an address), which it may share with the tracker that
 * stood there before it. One request at a time is under way to each; the answer to an older one is ignored.
 */
import type { SyncRequest } from '../messages.ts';
import type { StoreId } from '../register.ts';

export interface PendingRequest {
  readonly id: number;
  readonly kind: 'push' | 'pull';
  readonly sentAtMs: number;
  readonly message: SyncRequest;
}

export interface Peer {
  readonly name: string;
  storeId: StoreId | undefined;
  request: PendingRequest | undefined;
  /** When the last request was sent, answered or not. */
  sentAtMs: number;
  heardAtMs: number;
  /** It follows this primary, and its whole journal up to `matched` is the beginning of this one. */
  follows: boolean;
  /** The index of its last durable entry, where that is an entry of this journal. */
  matched: number;
  /** The same of one that does not follow yet; undefined where its last entry is not one of this journal. */
  reached: number | undefined;
  /** What it was told to be acknowledged. */
  toldCommitted: number;
  /** When the last push was sent that it accepted: until `takeoverMs` after that it does not take over. */
  grantedAtMs: number;
}

const NEVER = Number.NEGATIVE_INFINITY;

export class PeerTable {
  readonly all: readonly Peer[];
  #nextRequest = 1;

  constructor(names: readonly string[]) {
    this.all = names.map((name) => ({
      name,
      storeId: undefined,
      request: undefined,
      sentAtMs: NEVER,
      heardAtMs: NEVER,
      follows: false,
      matched: 0,
      reached: undefined,
      toldCommitted: 0,
      grantedAtMs: NEVER,
    }));
  }

  ofStore(storeId: StoreId): Peer | undefined {
    return this.all.find((peer) => peer.storeId === storeId);
  }

  /** Notes a request and answers its number. */
  asked(peer: Peer, request: Omit<PendingRequest, 'id'>): number {
    const id = this.#nextRequest++;
    peer.request = { id, ...request };
    peer.sentAtMs = request.sentAtMs;
    return id;
  }

  /** The request of that number and who has answered it; undefined when it no longer counts. */
  answered(
    request: number,
    storeId: StoreId,
    nowMs: number,
  ): { peer: Peer; request: PendingRequest } | undefined {
    const peer = this.all.find((one) => one.request?.id === request);
    if (peer?.request === undefined) return undefined;
    const pending = peer.request;
    peer.request = undefined;
    peer.heardAtMs = nowMs;
    if (peer.storeId !== storeId) {
      forget(peer);
      peer.storeId = storeId;
    }
    return { peer, request: pending };
  }

  /** Gives up the requests that were sent before `beforeMs`. */
  expire(beforeMs: number): void {
    for (const peer of this.all) {
      if (peer.request !== undefined && peer.request.sentAtMs <= beforeMs) peer.request = undefined;
    }
  }

  /** A new primary knows nothing of its followers. */
  restart(): void {
    for (const peer of this.all) {
      forget(peer);
      peer.request = undefined;
      peer.sentAtMs = NEVER;
    }
  }
}

function forget(peer: Peer): void {
  peer.follows = false;
  peer.matched = 0;
  peer.reached = undefined;
  peer.toldCommitted = 0;
  peer.grantedAtMs = NEVER;
}
