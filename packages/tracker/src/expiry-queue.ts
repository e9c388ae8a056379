/**
 * Things in the order in which they expire: a linked list through the things themselves, so that a million of them cost
 * nothing beside their own fields, and every step is constant.
 *
 * It relies on deadlines that do not go down from one `push` to the next: one time-to-live, one monotonic clock.
 */

/** The fields that the queue keeps in a thing; a thing is in one queue at most. */
export interface Expiring<T> {
  deadlineMs: number;
  earlier: T | undefined;
  later: T | undefined;
}

export class ExpiryQueue<T extends Expiring<T>> {
  #first: T | undefined;
  #last: T | undefined;

  /** Puts in a thing that is in no queue. */
  push(thing: T, deadlineMs: number): void {
    const last = this.#last;
    thing.deadlineMs = last === undefined ? deadlineMs : Math.max(deadlineMs, last.deadlineMs);
    thing.earlier = last;
    thing.later = undefined;
    if (last === undefined) this.#first = thing;
    else last.later = thing;
    this.#last = thing;
  }

  /** Takes out a thing that is in this queue. */
  remove(thing: T): void {
    const { earlier, later } = thing;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    thing.earlier = undefined;
    thing.later = undefined;
  }

  /** Takes out the thing that expired first, if one has. */
  takeExpired(nowMs: number): T | undefined {
    const first = this.#first;
    if (first === undefined || first.deadlineMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }
}
