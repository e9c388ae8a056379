/**
 * Rows in the order in which they expire: a linked list through the rows themselves, so that every step is constant.
 *
 * It relies on deadlines that do not go down from one `push` to the next: one time-to-live, one monotonic clock. They are
 * whole milliseconds modulo 2^32, and compared as serial numbers are (RFC 1982): whoever expires has to be asked for
 * within 24 days.
 */
import { type Fields, NO_ROW } from './rows.ts';

/** Fields that the queue keeps in a row; a row is in one queue at most. */
export const EXPIRY_FIELDS = 3;

const DEADLINE = 0;
const EARLIER = 1;
const LATER = 2;

export class ExpiryQueue {
  readonly #fields: Fields;
  #first: number = NO_ROW;
  #last: number = NO_ROW;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** Puts in a row that is in no queue. */
  push(row: number, deadlineMs: number): void {
    const last = this.#last;
    const isLatest = last === NO_ROW || this.isOverAt(last, deadlineMs);
    this.#set(row, DEADLINE, isLatest ? Math.ceil(deadlineMs) : this.#get(last, DEADLINE));
    this.#set(row, EARLIER, last);
    this.#set(row, LATER, NO_ROW);
    if (last === NO_ROW) this.#first = row;
    else this.#set(last, LATER, row);
    this.#last = row;
  }

  /** Takes out a row that is in this queue. */
  remove(row: number): void {
    const earlier = this.#get(row, EARLIER);
    const later = this.#get(row, LATER);
    if (earlier === NO_ROW) this.#first = later;
    else this.#set(earlier, LATER, later);
    if (later === NO_ROW) this.#last = earlier;
    else this.#set(later, EARLIER, earlier);
  }

  /** Takes out the row that expired first, or answers `NO_ROW`. */
  takeExpired(nowMs: number): number {
    const first = this.#first;
    if (first === NO_ROW || !this.isOverAt(first, nowMs)) return NO_ROW;
    this.remove(first);
    return first;
  }

  /** Whether the deadline of a row in a queue is not after `timeMs`. */
  isOverAt(row: number, timeMs: number): boolean {
    return ((Math.floor(timeMs) - this.#get(row, DEADLINE)) | 0) >= 0;
  }

  #get(row: number, field: number): number {
    return this.#fields.rows.get(row, this.#fields.from + field);
  }

  #set(row: number, field: number, value: number): void {
    this.#fields.rows.set(row, this.#fields.from + field, value);
  }
}
