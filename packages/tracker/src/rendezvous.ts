/**
 * Which trackers keep the presence of which group, without anybody keeping a table: highest random weight hashing
 * (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998).
 *
 * What affects the order: the group's name and the set of trackers' names, and nothing else. So whoever was given the
 * same trackers comes to the same order, however they are listed; a tracker that is added takes its share evenly from the
 * others, and one that is removed leaves only its own groups to be moved.
 */
import { hash } from 'node:crypto';

/**
 * How many trackers of a group's order, of those that live, are told who has its files: two, so that one may die and what
 * it knew is known elsewhere.
 */
export const PRESENCE_COPIES: number = 2;

/**
 * The trackers in the order in which they are to keep the presence of the group: the first `PRESENCE_COPIES` that live.
 * The names are compared byte by byte, so everybody has to be given the same ones; one that is given twice counts once.
 */
export function rendezvousOrder(groupId: string, trackers: readonly string[]): readonly string[] {
  return [...new Set(trackers)]
    .map((tracker) => ({ tracker, weight: weightOf(groupId, tracker) }))
    .sort((a, b) => compare(b.weight, a.weight))
    .map(({ tracker }) => tracker);
}

/** SHA-256 in hexadecimal, which sorts as the number does. A name has no zero byte, so no two pairs are one text. */
function weightOf(groupId: string, tracker: string): string {
  return hash('sha256', `${groupId}\0${tracker}`, 'hex');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
