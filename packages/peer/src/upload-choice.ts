/**
 * The two choices of an uploader: who is next, and with which piece. Pure functions.
 *
 * Everything that affects them is in their arguments; `Random` decides between equals.
 */
import type { Random } from '@minitorrent/rpc-core';

/** A request that could be served now. */
export interface Candidate {
  /** Pieces that are being sent to its receiver. */
  readonly sending: number;
  /** Pieces that its receiver has had of this uplink, by the count of `chooseCandidate`. */
  readonly served: number;
  /** Grows with every upload begun; lower has waited longer. */
  readonly sinceTurn: number;
}

/**
 * The request to serve next: of the receivers to whom least is being sent, for one that stops reading must not hold all
 * places, those that have had least, and of these the one that has waited longest.
 */
export function chooseCandidate<T extends Candidate>(candidates: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const candidate of candidates) if (!best || order(candidate, best) < 0) best = candidate;
  return best;
}

function order(one: Candidate, other: Candidate): number {
  return one.sending - other.sending || one.served - other.served || one.sinceTurn - other.sinceTurn;
}

/** The piece to send: the one sent least by this uplink, of these the one with the fewest copies, random of these. */
export function choosePiece(
  wanted: Iterable<number>,
  counts: { readonly sentOf: (index: number) => number; readonly copiesOf: (index: number) => number },
  random: Random,
): number | undefined {
  let best: number[] = [];
  let leastSent = Number.POSITIVE_INFINITY;
  let leastCopies = Number.POSITIVE_INFINITY;
  for (const index of wanted) {
    const sent = counts.sentOf(index);
    if (sent > leastSent) continue;
    const copies = counts.copiesOf(index);
    if (sent === leastSent && copies > leastCopies) continue;
    if (sent < leastSent || copies < leastCopies) best = [];
    leastSent = sent;
    leastCopies = copies;
    best.push(index);
  }
  return best[best.length > 1 ? random.integer(best.length) : 0];
}
