/**
 * Without a register: which epochs a primary may use, so that no two of them use the same one.
 *
 * Epochs come in terms. A primary that hands over ends its term; its successor has the first half of the next one, for
 * itself and for every other tracker that comes in sync. A primary that a person promoted has the second half: the person
 * is later than a hand-over that neither of the two knew of.
 */
import { MESSAGE_LIMITS } from '../message-limits.ts';

const HALF_TERM = MESSAGE_LIMITS.trackers;
const TERM = 2 * HALF_TERM;

export function termOf(epoch: number): number {
  return Math.floor(epoch / TERM);
}

/** Of the primary after the one of epoch `last`. */
export function firstEpochAfter(last: number, how: 'handed_over' | 'promoted'): number {
  const begin = (termOf(last) + 1) * TERM;
  return how === 'promoted' ? begin + HALF_TERM : begin;
}
