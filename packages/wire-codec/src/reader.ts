/**
 * Where codecs read: a position in bytes that came from outside. Every method checks that the bytes are there before it
 * touches or allocates anything, and hands byte fields out as views.
 */
import { CodecError } from './errors.ts';
import { SHORT_TEXT_BYTES, takeAscii, takeUtf8 } from './utf8.ts';

export class Reader {
  readonly #bytes: Uint8Array;
  /** The memory of the bytes, once it was asked for. */
  #memory: ArrayBufferLike | undefined;
  #position = 0;
  #end: number;
  #depth = 0;

  /** Reads `bytes`, which must not change while values read from them are in use. */
  constructor(bytes: Uint8Array) {
    // A Buffer's views would be Buffers, whose slice() does not copy: readers hand out plain arrays only.
    this.#bytes =
      bytes.constructor === Uint8Array
        ? bytes
        : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  u8(): number {
    return this.#at(this.#take(1));
  }

  /** Big-endian. */
  u16(): number {
    const start = this.#take(2);
    return (this.#at(start) << 8) | this.#at(start + 1);
  }

  /** Big-endian. */
  u32(): number {
    return this.#u32At(this.#take(4));
  }

  /** Big-endian. */
  u64(): bigint {
    const start = this.#take(8);
    const high = this.#u32At(start);
    const low = this.#u32At(start + 4);
    // One bigint instead of three where a number holds the value exactly.
    return high < 0x20_0000 ? BigInt(high * 0x1_0000_0000 + low) : (BigInt(high) << 32n) | BigInt(low);
  }

  /** Unsigned LEB128 up to 2^53-1; longer than its shortest form is refused. */
  varint(): number {
    const first = this.u8();
    return first < 0x80 ? first : this.#longVarint(first);
  }

  /** A byte that is 0 or 1. */
  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw new CodecError('invalid_flag', 'read', `the byte is ${value}, expected 0 or 1`);
    return value === 1;
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    checkLength(length);
    const start = this.#take(length);
    // What `subarray` does, but for its question which class to make, which costs a fifth of it.
    this.#memory ??= this.#bytes.buffer;
    return new Uint8Array(this.#memory, this.#bytes.byteOffset + start, length);
  }

  /** A varint length, compared with `maxBytes` and with what is there. */
  length(maxBytes: number): number {
    const length = this.varint();
    if (length > maxBytes) {
      throw new CodecError('too_long', 'read', `it states ${length} bytes, at most ${maxBytes} are allowed`);
    }
    if (length > this.remaining) throw unexpectedEnd(length, this.remaining);
    return length;
  }

  /** A varint count of items that take `minItemBytes` each at least, compared with `maxItems` and with what is there. */
  count(maxItems: number, minItemBytes: number): number {
    const count = this.varint();
    if (count > maxItems) {
      throw new CodecError(
        'too_many_items',
        'read',
        `it states ${count} items, at most ${maxItems} are allowed`,
      );
    }
    if (count * minItemBytes > this.remaining) throw unexpectedEnd(count * minItemBytes, this.remaining);
    return count;
  }

  /** UTF-8 behind its length in bytes. A byte order mark is a character like any other. */
  text(maxBytes: number): string {
    const length = this.length(maxBytes);
    const start = this.#take(length);
    const end = start + length;
    const short = length <= SHORT_TEXT_BYTES ? takeAscii(this.#bytes, start, end) : undefined;
    return short ?? takeUtf8(this.#bytes.subarray(start, end));
  }

  /** Narrows the reader to the next `length` bytes; answers what `widen` needs. */
  narrow(length: number): number {
    checkLength(length);
    if (length > this.remaining) throw unexpectedEnd(length, this.remaining);
    const outerEnd = this.#end;
    this.#end = this.#position + length;
    return outerEnd;
  }

  /** Skips what is left of the narrowed part and goes back to the whole. */
  widen(outerEnd: number): void {
    this.#position = this.#end;
    this.#end = outerEnd;
  }

  /** Goes one level deeper into a recursive value; to be matched by `ascend`. */
  descend(maxDepth: number): void {
    if (this.#depth >= maxDepth)
      throw new CodecError('too_deep', 'read', `it is nested deeper than ${maxDepth}`);
    this.#depth++;
  }

  ascend(): void {
    this.#depth--;
  }

  /** Fails with `trailing_bytes` unless everything was read. */
  finish(): void {
    if (this.remaining > 0) {
      throw new CodecError('trailing_bytes', 'read', `${this.remaining} bytes are left over`);
    }
  }

  #take(length: number): number {
    const start = this.#position;
    if (start + length > this.#end) throw unexpectedEnd(length, this.remaining);
    this.#position = start + length;
    return start;
  }

  #at(index: number): number {
    // Never undefined: `take` has compared the index with the end.
    return this.#bytes[index] as number;
  }

  #u32At(start: number): number {
    return (
      ((this.#at(start) << 24) |
        (this.#at(start + 1) << 16) |
        (this.#at(start + 2) << 8) |
        this.#at(start + 3)) >>>
      0
    );
  }

  #longVarint(first: number): number {
    const second = this.u8();
    if (second === 0) throw needlessByte();
    const value = (first & 0x7f) | ((second & 0x7f) << 7);
    return second < 0x80 ? value : this.#longerVarint(value);
  }

  /** Goes on behind the two lowest groups of seven bits. */
  #longerVarint(lowest: number): number {
    let value = lowest;
    for (let scale = 0x80 ** 2; ; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || (scale === 0x80 ** 7 && byte > 0x7f)) {
        throw new CodecError('out_of_range', 'read', 'the varint exceeds 2^53-1');
      }
      if (byte === 0) throw needlessByte();
      if (byte < 0x80) return value;
    }
  }
}

/** A codec made by hand may have computed the length from what it read. */
function checkLength(length: number): void {
  if (Number.isInteger(length) && length >= 0) return;
  throw new CodecError('out_of_range', 'read', `${length} is not a number of bytes`);
}

function needlessByte(): CodecError {
  return new CodecError('not_minimal', 'read', 'the varint ends with a needless byte');
}

function unexpectedEnd(needed: number, remaining: number): CodecError {
  return new CodecError('unexpected_end', 'read', `it needs ${needed} bytes, ${remaining} are left`);
}
