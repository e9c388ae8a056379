/**
 * What an uplink has sent, by receiver and by piece: the two counts that its choices rest on.
 *
 * Receivers are counted as in start-time fair queueing (Goyal, Vin, Cheng 1996): one that was away counts as having had
 * as much as the one served last, so it neither catches up on those that stayed nor loses its turn. Everything that
 * affects the counts: what is begun and what is taken back, in their order. Both are bounded.
 */
import type { PeerId } from './swarm-events.ts';

export class ReceiverShares {
  readonly #limit: number;
  readonly #served = new Map<PeerId, number>();
  /** What the receiver served last had had: the virtual time. */
  #timeServed = 0;

  /** `limit` receivers are remembered while they have no request. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Pieces that the receiver has had, in virtual time for one that was away. */
  of(receiver: PeerId): number {
    return this.#served.get(receiver) ?? 0;
  }

  /** What a receiver that comes now counts as having had. */
  ofArriving(receiver: PeerId): number {
    return Math.max(this.#timeServed, this.of(receiver));
  }

  arrive(receiver: PeerId): void {
    this.#served.set(receiver, this.ofArriving(receiver));
  }

  begin(receiver: PeerId): void {
    this.#timeServed = this.of(receiver);
    this.#served.set(receiver, this.#timeServed + 1);
  }

  /** A piece was cut off. */
  takeBack(receiver: PeerId): void {
    this.#served.set(receiver, Math.max(0, this.of(receiver) - 1));
  }

  /** Forgets those that are not `present` once they are too many. */
  trim(present: () => ReadonlySet<PeerId>): void {
    if (this.#served.size <= this.#limit) return;
    const kept = present();
    for (const receiver of this.#served.keys()) if (!kept.has(receiver)) this.#served.delete(receiver);
  }
}

export class SentPieces {
  readonly #counts = new Map<string, Uint32Array>();

  of(root: string, index: number): number {
    return this.#counts.get(root)?.[index] ?? 0;
  }

  /** A piece of a file of `pieceCount` pieces is begun. */
  begin(root: string, index: number, pieceCount: number): void {
    const counts = this.#counts.get(root) ?? new Uint32Array(pieceCount);
    this.#counts.set(root, counts);
    counts[index] = (counts[index] ?? 0) + 1;
  }

  /** A piece was cut off. */
  takeBack(root: string, index: number): void {
    const counts = this.#counts.get(root);
    if (counts) counts[index] = Math.max(0, (counts[index] ?? 0) - 1);
  }

  forget(root: string): void {
    this.#counts.delete(root);
  }
}
