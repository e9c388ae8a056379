/**
 * Values by call id, for the calls that are under way.
 *
 * A side numbers its calls one after the other, so those under way nearly always have a slot each. A `Map`, whose every
 * addition and removal takes five times as long, has only those whose slot is taken: whatever ids the other side chooses,
 * it costs no more than the map alone would.
 */

const FEWEST_SLOTS = 8;
const MOST_SLOTS = 64;

export class CallMap<T extends object> {
  /** By the lowest bits of the id; a power of two. */
  #ids: number[] = new Array(FEWEST_SLOTS).fill(0);
  #values: (T | undefined)[] = new Array(FEWEST_SLOTS).fill(undefined);
  #inSlots = 0;
  readonly #others = new Map<number, T>();

  get size(): number {
    return this.#inSlots + this.#others.size;
  }

  get(id: number): T | undefined {
    const slot = this.#slotOf(id);
    if (this.#ids[slot] === id) return this.#values[slot];
    return this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  /** Adds a value for an id, a positive integer, that has none. */
  add(id: number, value: T): void {
    let slot = this.#slotOf(id);
    while (this.#values[slot] !== undefined && this.#values.length < MOST_SLOTS) {
      this.#grow();
      slot = this.#slotOf(id);
    }
    if (this.#values[slot] === undefined) {
      this.#put(slot, id, value);
      this.#inSlots++;
    } else this.#others.set(id, value);
  }

  /** Answers whether there was a value. */
  delete(id: number): boolean {
    const slot = this.#slotOf(id);
    if (this.#ids[slot] !== id) return this.#others.delete(id);
    this.#put(slot, 0, undefined);
    this.#inSlots--;
    return true;
  }

  clear(): void {
    this.#ids.fill(0);
    this.#values.fill(undefined);
    this.#inSlots = 0;
    this.#others.clear();
  }

  /** All values as they are now, in no order. */
  values(): T[] {
    return [...this.#values.filter((value) => value !== undefined), ...this.#others.values()];
  }

  /** The lowest bits, of ids beyond 32 bits as well. */
  #slotOf(id: number): number {
    return id & (this.#values.length - 1);
  }

  #put(slot: number, id: number, value: T | undefined): void {
    this.#ids[slot] = id;
    this.#values[slot] = value;
  }

  /** Twice the slots: what had a slot of its own has one again. */
  #grow(): void {
    const [ids, values] = [this.#ids, this.#values];
    this.#ids = new Array(2 * ids.length).fill(0);
    this.#values = new Array(2 * ids.length).fill(undefined);
    for (const [slot, id] of ids.entries()) if (id !== 0) this.#put(this.#slotOf(id), id, values[slot]);
  }
}
