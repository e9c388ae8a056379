/**
 * A set of piece indices as bits: piece 0 is the highest bit of the first byte, as BitTorrent writes it (BEP 3).
 * It counts as it changes, and refuses bytes from outside that another writer would not have made.
 */
import { StoreError } from './errors.ts';

/** A set of whole numbers below `length`. Methods throw RangeError for an index outside. */
export class Bitfield {
  /** How many pieces there are. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  #count = 0;

  constructor(length: number) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`Cannot make a bitfield of ${length} bits, expected a whole number of 0 or more`);
    }
    this.length = length;
    this.#bytes = new Uint8Array(Math.ceil(length / 8));
  }

  /** Every piece. */
  static full(length: number): Bitfield {
    const bitfield = new Bitfield(length);
    bitfield.#bytes.fill(0xff);
    const spareBits = bitfield.#bytes.length * 8 - length;
    if (spareBits > 0) bitfield.#bytes[bitfield.#bytes.length - 1] = (0xff << spareBits) & 0xff;
    bitfield.#count = length;
    return bitfield;
  }

  /** Reads what `toBytes` wrote. Fails with `bad_bitfield` for another length or bits set beyond the last piece. */
  static fromBytes(bytes: Uint8Array, length: number): Bitfield {
    const bitfield = new Bitfield(length);
    if (bytes.length !== bitfield.#bytes.length) {
      throw new StoreError(
        'bad_bitfield',
        `Cannot read a bitfield of ${bytes.length} bytes, expected ${bitfield.#bytes.length}`,
      );
    }
    bitfield.#bytes.set(bytes);
    const spareMask = (1 << (bytes.length * 8 - length)) - 1;
    if (((bytes[bytes.length - 1] ?? 0) & spareMask) !== 0) {
      throw new StoreError(
        'bad_bitfield',
        `Cannot read a bitfield with bits set beyond its ${length} pieces`,
      );
    }
    bitfield.#count = countBits(bytes);
    return bitfield;
  }

  /** How many pieces are in it. */
  get count(): number {
    return this.#count;
  }

  /** Whether every piece is in it; true for length 0. */
  get isComplete(): boolean {
    return this.#count === this.length;
  }

  has(index: number): boolean {
    const { byte, mask } = this.#locate(index);
    return ((this.#bytes[byte] ?? 0) & mask) !== 0;
  }

  /** Puts the piece in; whether that changed anything. */
  set(index: number): boolean {
    if (this.has(index)) return false;
    this.#flip(index);
    this.#count += 1;
    return true;
  }

  /** Takes the piece out; whether that changed anything. */
  clear(index: number): boolean {
    if (!this.has(index)) return false;
    this.#flip(index);
    this.#count -= 1;
    return true;
  }

  /** The pieces in it, ascending. It must not change meanwhile. */
  *indices(): Generator<number, void, undefined> {
    yield* this.#indices(0);
  }

  /** The pieces that are not in it, ascending. It must not change meanwhile. */
  *missing(): Generator<number, void, undefined> {
    yield* this.#indices(0xff);
  }

  /** A copy of the bytes: ceil(length / 8), spare bits zero. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  clone(): Bitfield {
    return Bitfield.fromBytes(this.#bytes, this.length);
  }

  *#indices(invert: number): Generator<number, void, undefined> {
    for (const [byteIndex, byte] of this.#bytes.entries()) {
      const bits = byte ^ invert;
      if (bits === 0) continue;
      const first = byteIndex * 8;
      for (let index = first; index < Math.min(first + 8, this.length); index += 1) {
        if ((bits & (0x80 >> (index - first))) !== 0) yield index;
      }
    }
  }

  #flip(index: number): void {
    const { byte, mask } = this.#locate(index);
    this.#bytes[byte] = (this.#bytes[byte] ?? 0) ^ mask;
  }

  #locate(index: number): { byte: number; mask: number } {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new RangeError(`Cannot find piece ${index}, expected a whole number below ${this.length}`);
    }
    return { byte: index >>> 3, mask: 0x80 >> (index & 7) };
  }
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) {
    for (let rest = byte; rest !== 0; rest &= rest - 1) count += 1;
  }
  return count;
}
