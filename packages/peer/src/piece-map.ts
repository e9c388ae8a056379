/**
 * The seed's map piece -> peers for one download, kept so that the rarest wanted piece of a peer is found quickly.
 *
 * It knows four things of a piece: which peers have it, whether we miss it, whether it is open, that is missing and
 * asked of nobody, and whether it was begun. It decides nothing and refuses indices out of range with a RangeError.
 *
 * Everything that affects its answers: the bitfields and have news of connected peers, which pieces are missing and
 * open, and the `Random` passed to a look-up (for ties alone).
 *
 * Cost. Open pieces lie in one bit set for each number of copies. News of a piece moves one bit: O(1). The rarest open
 * pieces of a peer are the common members of its set and the lowest bucket that has any: pieces/32 word steps for each
 * bucket looked at, and there are at most as many buckets as neighbours. That is 256 steps a bucket at 8,192 pieces
 * and 8,192 steps (some 5 us) at 262,144, with exact answers, where a list for each piece costs its length.
 */
import type { Random } from '@minitorrent/rpc-core';
import { collectCommon, collectRange, hasCommon, PieceSet } from './piece-set.ts';
import type { PeerId, PiecesOf } from './swarm-events.ts';

/** Among this many pieces of equal rarity the choice is uniform; of more, from a random place on. */
const TIE_SAMPLE = 64;

interface PeerPieces {
  readonly have: PieceSet;
  /** How many of them we miss. */
  useful: number;
}

export class PieceMap {
  readonly pieceCount: number;
  readonly #peers = new Map<PeerId, PeerPieces>();
  readonly #usefulPeers = new Set<PeerId>();
  readonly #copies: Uint16Array;
  readonly #missing: PieceSet;
  readonly #open: PieceSet;
  /** The open pieces that somebody has. */
  readonly #obtainable: PieceSet;
  /** Missing pieces of which some bytes came. */
  readonly #begun = new Set<number>();
  /** `#buckets[n]` holds the open pieces with n copies. */
  readonly #buckets: PieceSet[] = [];

  /** Every piece that `have` does not name is missing and open. */
  constructor(pieceCount: number, have: PiecesOf) {
    this.pieceCount = pieceCount;
    this.#copies = new Uint16Array(pieceCount);
    this.#missing = new PieceSet(pieceCount);
    this.#open = new PieceSet(pieceCount);
    this.#obtainable = new PieceSet(pieceCount);
    for (let index = 0; index < pieceCount; index += 1) if (!have.has(index)) this.lose(index);
  }

  get missingCount(): number {
    return this.#missing.size;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Open pieces that some peer has. */
  get obtainableCount(): number {
    return this.#obtainable.size;
  }

  isMissing(index: number): boolean {
    return this.#missing.has(index);
  }

  isOpen(index: number): boolean {
    return this.#open.has(index);
  }

  /** Sets what `peer` has; replaces what was known of it. */
  setPeer(peer: PeerId, have: PiecesOf): void {
    this.removePeer(peer);
    this.#peers.set(peer, { have: new PieceSet(this.pieceCount), useful: 0 });
    const count = Math.min(have.length, this.pieceCount);
    for (let index = 0; index < count; index += 1) if (have.has(index)) this.addHave(peer, index);
  }

  /** True where this was news. Peers without a bitfield, and indices out of range, are ignored: they come from outside. */
  addHave(peer: PeerId, index: number): boolean {
    const pieces = this.#peers.get(peer);
    if (!pieces || !this.#isIndex(index) || !pieces.have.add(index)) return false;
    if (this.isMissing(index)) this.#changeUseful(peer, pieces, 1);
    this.#setCopies(index, this.copiesOf(index) + 1);
    return true;
  }

  /** Takes back that `peer` has the piece. True where this was news. */
  removeHave(peer: PeerId, index: number): boolean {
    const pieces = this.#peers.get(peer);
    if (!pieces?.have.delete(index)) return false;
    if (this.isMissing(index)) this.#changeUseful(peer, pieces, -1);
    this.#setCopies(index, this.copiesOf(index) - 1);
    return true;
  }

  removePeer(peer: PeerId): void {
    const pieces = this.#peers.get(peer);
    if (!pieces) return;
    for (const index of pieces.have.indices()) this.#setCopies(index, this.copiesOf(index) - 1);
    this.#peers.delete(peer);
    this.#usefulPeers.delete(peer);
  }

  has(peer: PeerId, index: number): boolean {
    return this.#peers.get(peer)?.have.has(index) ?? false;
  }

  /** How many pieces `peer` has that we miss. */
  usefulOf(peer: PeerId): number {
    return this.#peers.get(peer)?.useful ?? 0;
  }

  /** The peers that have pieces that we miss. */
  get usefulPeers(): ReadonlySet<PeerId> {
    return this.#usefulPeers;
  }

  /** How many known peers have the piece. */
  copiesOf(index: number): number {
    return this.#copies[index] ?? 0;
  }

  /** The seed's step 1: the peers that have the piece. */
  peersWith(index: number): PeerId[] {
    const peers: PeerId[] = [];
    for (const [peer, pieces] of this.#peers) if (pieces.have.has(index)) peers.push(peer);
    return peers;
  }

  /** The piece is asked of somebody: no look-up finds it any more. */
  withdraw(index: number): void {
    this.#checkIndex(index);
    if (!this.#open.delete(index)) return;
    this.#obtainable.delete(index);
    this.#bucket(this.copiesOf(index)).delete(index);
  }

  /** A missing piece may be asked for again. */
  offer(index: number): void {
    this.#checkIndex(index);
    if (!this.isMissing(index) || !this.#open.add(index)) return;
    if (this.copiesOf(index) > 0) this.#obtainable.add(index);
    this.#bucket(this.copiesOf(index)).add(index);
  }

  /** Some bytes of the piece came. */
  begin(index: number): void {
    this.#checkIndex(index);
    if (this.isMissing(index)) this.#begun.add(index);
  }

  /** We have the piece now. True where it was missing. */
  obtain(index: number): boolean {
    this.withdraw(index);
    this.#begun.delete(index);
    if (!this.#missing.delete(index)) return false;
    for (const [peer, pieces] of this.#peers)
      if (pieces.have.has(index)) this.#changeUseful(peer, pieces, -1);
    return true;
  }

  /** We do not have the piece (any more): it is missing and open. */
  lose(index: number): void {
    this.#checkIndex(index);
    if (!this.#missing.add(index)) return;
    for (const [peer, pieces] of this.#peers) if (pieces.have.has(index)) this.#changeUseful(peer, pieces, 1);
    this.offer(index);
  }

  /** Up to `limit` open pieces of `peer`, those with the fewest copies first, random among equals. */
  rarestOpen(peer: PeerId, limit: number, random: Random): number[] {
    const pieces = this.#peers.get(peer);
    const found: number[] = [];
    if (!pieces || !hasCommon(this.#open, pieces.have)) return found;
    for (let copies = 1; copies < this.#buckets.length && found.length < limit; copies += 1) {
      const bucket = this.#buckets[copies];
      if (!bucket || bucket.size === 0) continue;
      found.push(...this.#sample(bucket, pieces.have, limit - found.length, random));
    }
    return found;
  }

  /** Up to `limit` open pieces of `peer` of which some bytes came, the one that was begun first in front. */
  begunOpen(peer: PeerId, limit: number): number[] {
    const found: number[] = [];
    for (const index of this.#begun) {
      if (found.length >= limit) break;
      if (this.isOpen(index) && this.has(peer, index)) found.push(index);
    }
    return found;
  }

  /** Up to `limit` open pieces of `peer` between `first` and `last` inclusive, in the order of the file. */
  openInRange(peer: PeerId, range: { first: number; last: number }, limit: number): number[] {
    const pieces = this.#peers.get(peer);
    if (!pieces || pieces.useful === 0) return [];
    return collectRange(this.#open, pieces.have, { ...range, limit });
  }

  /** Up to `limit` open pieces that somebody has, in random order. */
  randomOpen(limit: number, random: Random): number[] {
    return this.#sample(this.#obtainable, this.#obtainable, limit, random);
  }

  /** Up to `limit` open pieces of `peer`, in random order. */
  randomOpenOf(peer: PeerId, limit: number, random: Random): number[] {
    const pieces = this.#peers.get(peer);
    return pieces ? this.#sample(this.#open, pieces.have, limit, random) : [];
  }

  #sample(a: PieceSet, b: PieceSet, limit: number, random: Random): number[] {
    const fromWord = a.words.length > 1 ? random.integer(a.words.length) : 0;
    const sample = collectCommon(a, b, { fromWord, limit: Math.max(limit, TIE_SAMPLE) });
    const count = Math.min(limit, sample.length);
    for (let place = 0; place < count && sample.length > 1; place += 1) {
      swap(sample, place, place + random.integer(sample.length - place));
    }
    sample.length = count;
    return sample;
  }

  #changeUseful(peer: PeerId, pieces: PeerPieces, change: 1 | -1): void {
    pieces.useful += change;
    if (pieces.useful > 0) this.#usefulPeers.add(peer);
    else this.#usefulPeers.delete(peer);
  }

  #setCopies(index: number, copies: number): void {
    const isOpen = this.#open.has(index);
    if (isOpen) this.#bucket(this.copiesOf(index)).delete(index);
    this.#copies[index] = copies;
    if (!isOpen) return;
    this.#bucket(copies).add(index);
    if (copies > 0) this.#obtainable.add(index);
    else this.#obtainable.delete(index);
  }

  #bucket(copies: number): PieceSet {
    const existing = this.#buckets[copies];
    if (existing) return existing;
    for (let next = this.#buckets.length; next <= copies; next += 1) {
      this.#buckets.push(new PieceSet(this.pieceCount));
    }
    return this.#bucket(copies);
  }

  #isIndex(index: number): boolean {
    return Number.isInteger(index) && index >= 0 && index < this.pieceCount;
  }

  #checkIndex(index: number): void {
    if (!this.#isIndex(index)) throw new RangeError(`No piece ${index}: the file has ${this.pieceCount}`);
  }
}

function swap(values: number[], a: number, b: number): void {
  // Both places are inside `values`: the caller draws them from its length.
  const held = values[a] as number;
  values[a] = values[b] as number;
  values[b] = held;
}
