/**
 * What a run is measured by: the bounds that nobody beats, and what the uplinks were used for.
 */
import type { PieceSet } from '../../src/piece-set.ts';
import type { PeerId } from '../../src/swarm-events.ts';
import type { SimulationOptions } from './simulation-model.ts';

export interface FiguresOfRun {
  /** Pieces that were sent to somebody who had them by then. */
  readonly duplicatePieces: number;
  /** Bytes that honest uplinks sent beyond those that were needed, as a share of these. */
  readonly wasted: number;
  /** How much of their time the honest uplinks were sending. */
  readonly uplinkUse: number;
  /** The most pieces that one uplink began for one receiver in a row while somebody else waited there. */
  readonly longestRun: number;
  /** The least and the most bytes per millisecond that leechers came to, the least as a share of the most. */
  readonly evenness: number;
  /** Pieces that the seeder began again before it had begun all. */
  readonly seederRepeats: number;
}

interface MeasuredPeer {
  readonly id: PeerId;
  readonly isLiar: boolean;
  readonly have: PieceSet;
  readonly uplink: { readonly sentBytes: number };
  readonly completedAtMs: number | undefined;
  hasWaiting(receiver: MeasuredPeer): boolean;
}

/** Bytes per millisecond. */
export function uplinkOf({ leecherUplink }: SimulationOptions, leecher: number): number {
  return typeof leecherUplink === 'number' ? leecherUplink : leecherUplink(leecher);
}

/** The least time in which all leechers can have everything (Kumar and Ross 2006), without headers. */
export function boundOf(options: SimulationOptions): number {
  const { leechers, seederUplink, pieces, pieceLength, downlink = Number.POSITIVE_INFINITY } = options;
  const bytes = pieces * pieceLength;
  return Math.max(bytes / seederUplink, bytes / downlink, (leechers * bytes) / uplinksOf(options));
}

/** The same for whole pieces and equal uplinks, as a multiple of the bound: the last piece has to double its way. */
export function discreteOptimum({
  leechers,
  pieces,
}: Pick<SimulationOptions, 'leechers' | 'pieces'>): number {
  return 1 + Math.floor(Math.log2(leechers)) / pieces;
}

export class SwarmFigures {
  readonly #options: SimulationOptions;
  readonly #runs = new Map<PeerId, { receiver: PeerId; pieces: number }>();
  readonly #seeded = new Set<number>();
  #longestRun = 0;
  #seederRepeats = 0;
  #duplicatePieces = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
  }

  begun(uploader: MeasuredPeer, receiver: MeasuredPeer, index: number): void {
    if (uploader.isLiar) return;
    const before = this.#runs.get(uploader.id);
    const isSame = before?.receiver === receiver.id && uploader.hasWaiting(receiver);
    const run = { receiver: receiver.id, pieces: isSame ? before.pieces + 1 : 1 };
    this.#runs.set(uploader.id, run);
    this.#longestRun = Math.max(this.#longestRun, run.pieces);
    if (uploader.id !== 'seeder') return;
    if (this.#seeded.has(index) && this.#seeded.size < this.#options.pieces) this.#seederRepeats += 1;
    this.#seeded.add(index);
  }

  sent(receiver: MeasuredPeer, index: number): void {
    if (receiver.have.has(index)) this.#duplicatePieces += 1;
  }

  ofRun(peers: readonly MeasuredPeer[], timeMs: number): FiguresOfRun {
    const { pieceLength, overhead = 0 } = this.#options;
    const honest = peers.filter((peer) => !peer.isLiar);
    const sentBytes = sum(honest.map((peer) => peer.uplink.sentBytes)) / (1 + overhead);
    const leechers = honest.filter((peer) => peer.id !== 'seeder');
    const neededBytes = sum(leechers.map((peer) => peer.have.size)) * pieceLength;
    const times = leechers.flatMap((peer) => peer.completedAtMs ?? []);
    return {
      duplicatePieces: this.#duplicatePieces,
      wasted: sentBytes / neededBytes - 1,
      uplinkUse: (sentBytes * (1 + overhead)) / (uplinksOf(this.#options) * timeMs),
      longestRun: this.#longestRun,
      evenness: times.length === 0 ? Number.NaN : Math.min(...times) / Math.max(...times),
      seederRepeats: this.#seederRepeats,
    };
  }
}

function uplinksOf(options: SimulationOptions): number {
  const leechers = Array.from({ length: options.leechers }, (_, leecher) => uplinkOf(options, leecher));
  return options.seederUplink + sum(leechers);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
