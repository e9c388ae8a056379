/**
 * Finds rows by a hash: linear hashing (W. Litwin, VLDB 1980), in chains.
 *
 * The table grows by one bucket with each row, whose rows come out of one other bucket: there is no moment at which all of
 * it is made anew, and everybody waits. It does not know what makes rows equal; who searches looks at all that have the hash.
 */
import { type Fields, NO_ROW, Rows } from './rows.ts';

const FIRST = 0;

/** The rows that are found, in which a field is kept for the chains. */
export interface Chained extends Fields {
  /** 32 bits, the same as long as the row is in the index. */
  readonly hashOf: (row: number) => number;
}

export class RowIndex {
  readonly #chained: Chained;
  /** The first row of each bucket; bucket 0 is row 1. */
  readonly #buckets = new Rows(1);
  /** The least power of two that is not below the number of buckets. */
  #reach = 1;
  #size = 0;

  constructor(chained: Chained) {
    this.#chained = chained;
    this.#buckets.take();
  }

  /** Bytes that are kept for buckets; the chains lie in the rows. */
  get reservedBytes(): number {
    return this.#buckets.reservedBytes;
  }

  /** The first row that may have this hash, or `NO_ROW`. */
  first(hash: number): number {
    return this.#buckets.get(this.#bucketOf(hash), FIRST);
  }

  /** The next one after `row`. */
  after(row: number): number {
    return this.#chained.rows.get(row, this.#chained.from);
  }

  /** Puts in a row that is not there. */
  add(row: number): void {
    this.#size += 1;
    if (this.#size > this.#buckets.count) this.#split();
    this.#push(row);
  }

  /** Takes out a row that is there. */
  remove(row: number): void {
    this.#size -= 1;
    const { rows, from, hashOf } = this.#chained;
    const bucket = this.#bucketOf(hashOf(row));
    const before = this.#beforeIn(bucket, row);
    if (before === NO_ROW) this.#buckets.set(bucket, FIRST, this.after(row));
    else rows.set(before, from, this.after(row));
    rows.set(row, from, NO_ROW);
  }

  #beforeIn(bucket: number, row: number): number {
    let before = NO_ROW;
    for (let one = this.#buckets.get(bucket, FIRST); one !== row; one = this.after(one)) {
      if (one === NO_ROW) throw new RangeError(`Cannot take row ${row} out of an index: it is not there`);
      before = one;
    }
    return before;
  }

  /** Makes one more bucket, of the rows of another one that belong there. */
  #split(): void {
    const fresh = this.#buckets.take();
    if (fresh > this.#reach) this.#reach *= 2;
    const old = fresh - this.#reach / 2;
    let row = this.#buckets.get(old, FIRST);
    this.#buckets.set(old, FIRST, NO_ROW);
    while (row !== NO_ROW) {
      const next = this.after(row);
      this.#push(row);
      row = next;
    }
  }

  #push(row: number): void {
    const { rows, from, hashOf } = this.#chained;
    const bucket = this.#bucketOf(hashOf(row));
    rows.set(row, from, this.#buckets.get(bucket, FIRST));
    this.#buckets.set(bucket, FIRST, row);
  }

  #bucketOf(hash: number): number {
    const bucket = (hash & (this.#reach - 1)) + 1;
    return bucket <= this.#buckets.count ? bucket : bucket - this.#reach / 2;
  }
}
