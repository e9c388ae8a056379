/**
 * Without a register: which epochs a primary may use, so that no two of them use the same one.
 *
 * A term has two halves. A primary that a person promoted has a first half, for itself and for every other tracker that
 * comes in sync; the successor that it hands over to has the second half, and one after that the second half of a later
 * term. Whoever is promoted by a person begins after the next hand-over, too, of which it may not have heard; it has heard
 * of all before that one, because a primary hands over only what all that are in sync have.
 */
import { MESSAGE_LIMITS } from '../message-limits.ts';

const HALF_TERM = MESSAGE_LIMITS.trackers;

export function halfTermOf(epoch: number): number {
  return Math.floor(epoch / HALF_TERM);
}

/** Of a primary after one of epoch `last`. */
export function firstEpochAfter(last: number, how: 'handed_over' | 'promoted'): number {
  const half = halfTermOf(last);
  const secondHalf = half + (half % 2 === 0 ? 1 : 2);
  return (how === 'promoted' ? secondHalf + 1 : secondHalf) * HALF_TERM;
}
