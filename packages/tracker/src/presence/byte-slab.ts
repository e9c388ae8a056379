/**
 * Short runs of bytes, side by side in pages: what a million of them take when none is an object.
 *
 * A place is a number that fits into 32 bits. What is given back is used again for runs of the same length, rounded up;
 * runs never lie across two pages.
 */

const UNIT_BYTES = 8;
const PAGE_BITS = 13;
const UNITS_PER_PAGE = 2 ** PAGE_BITS;

/** Longest run that can be kept. */
export const MAX_RUN_BYTES: number = UNIT_BYTES * UNITS_PER_PAGE;

export class ByteSlab {
  readonly #pages: Uint8Array[] = [];
  /** Places that were given back, by their length in units. */
  readonly #free: number[][] = [];
  /** The first unit that was never used. */
  #end = 0;

  /** Bytes that are kept for runs, in use or not. */
  get reservedBytes(): number {
    return this.#pages.length * MAX_RUN_BYTES;
  }

  /** Keeps a copy of `bytes`; answers its place. */
  keep(bytes: Uint8Array): number {
    const place = this.#take(unitsOf(bytes.length));
    this.page(place).set(bytes, this.start(place));
    return place;
  }

  /** Ends the use of a place with so many bytes. */
  give(place: number, byteLength: number): void {
    const units = unitsOf(byteLength);
    this.#free[units] ??= [];
    this.#free[units].push(place);
  }

  /** The page with the bytes of a place in use, which begin at `start(place)`. */
  page(place: number): Uint8Array {
    const page = this.#pages[place >>> PAGE_BITS];
    if (page !== undefined) return page;
    throw new RangeError(`Cannot find place ${place}: there are ${this.#pages.length} pages`);
  }

  start(place: number): number {
    return (place % UNITS_PER_PAGE) * UNIT_BYTES;
  }

  #take(units: number): number {
    const freed = this.#free[units]?.pop();
    if (freed !== undefined) return freed;
    if (units > UNITS_PER_PAGE)
      throw new RangeError(`Cannot keep ${units * UNIT_BYTES} bytes: the most is ${MAX_RUN_BYTES}`);
    const room = this.#pages.length * UNITS_PER_PAGE - this.#end;
    if (room < units) {
      this.#end += room;
      this.#pages.push(new Uint8Array(MAX_RUN_BYTES));
    }
    const place = this.#end;
    this.#end += units;
    return place;
  }
}

function unitsOf(byteLength: number): number {
  return Math.max(1, Math.ceil(byteLength / UNIT_BYTES));
}
