/**
 * Tables of small numbers: what a million things take when each is a row of integers and not an object.
 *
 * A row's number stands for the thing, and takes 4 bytes where it is referred to. A table grows by a page at a time, so
 * that nothing is ever moved, and nobody waits for it. The garbage collector has nothing to look at in here.
 */

/** The row that is none. */
export const NO_ROW = 0;

const ROW_BITS = 10;
const ROWS_PER_PAGE = 2 ** ROW_BITS;

/** A field of the rows of a table, and those after it: what one structure keeps in things that belong to another. */
export interface Fields {
  readonly rows: Rows;
  readonly from: number;
}

/** Rows of `width` signed integers of 32 bits, which are 0 until they are set. */
export class Rows {
  readonly #width: number;
  readonly #pages: Int32Array[] = [];
  readonly #free: number[] = [];
  /** Rows that were ever in use; `NO_ROW` counts as one. */
  #end = NO_ROW + 1;

  constructor(width: number) {
    this.#width = width;
  }

  /** Rows in use. */
  get count(): number {
    return this.#end - 1 - this.#free.length;
  }

  /** Bytes that are kept for rows, in use or not. */
  get reservedBytes(): number {
    return this.#pages.length * ROWS_PER_PAGE * this.#width * Int32Array.BYTES_PER_ELEMENT;
  }

  /** A row of zeros that is not in use; from now on it is. */
  take(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    const row = this.#end;
    this.#end += 1;
    if (row >>> ROW_BITS >= this.#pages.length) this.#pages.push(new Int32Array(ROWS_PER_PAGE * this.#width));
    return row;
  }

  /** Ends the use of a row. */
  give(row: number): void {
    const start = (row % ROWS_PER_PAGE) * this.#width;
    this.#pages[row >>> ROW_BITS]?.fill(0, start, start + this.#width);
    this.#free.push(row);
  }

  get(row: number, field: number): number {
    return this.#pages[row >>> ROW_BITS]?.[(row % ROWS_PER_PAGE) * this.#width + field] ?? 0;
  }

  /** Of a row in use. */
  set(row: number, field: number, value: number): void {
    const page = this.#pages[row >>> ROW_BITS];
    if (page !== undefined) page[(row % ROWS_PER_PAGE) * this.#width + field] = value;
  }
}
