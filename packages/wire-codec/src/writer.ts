/**
 * Where codecs write: a buffer that grows, filled once from front to back.
 *
 * Finished messages are views of a slab that is only ever appended to, so that many small messages cost one allocation;
 * nothing that was handed out is written again. A writer that makes parts takes long byte fields by reference.
 */
import { CodecError } from './errors.ts';
import { BY_REFERENCE_BYTES, MAX_VARINT, SLAB_BYTES } from './limits.ts';
import { putUtf8, SHORT_TEXT_BYTES } from './utf8.ts';
import { MAX_VARINT_BYTES, putVarint, varintBytes } from './varint.ts';

const nothing = new Uint8Array(0);

export class Writer {
  #buffer: Uint8Array = nothing;
  /** Where the part being written begins in the buffer. */
  #start = 0;
  #position = 0;
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  readonly #byReference: boolean;
  #depth = 0;

  /** With `byReference` long byte fields become parts of their own, which the caller must not change before they are sent. */
  constructor(options?: { readonly byReference?: boolean }) {
    this.#byReference = options?.byReference ?? false;
  }

  /** Bytes written of the present message. */
  get length(): number {
    return this.#partsBytes + this.#position - this.#start;
  }

  u8(value: number): void {
    if (typeof value !== 'number' || (value & 0xff) !== value) throw outOfRange(value, 0xff);
    this.#reserve(1);
    this.#buffer[this.#position++] = value;
  }

  /** Big-endian. */
  u16(value: number): void {
    if (typeof value !== 'number' || (value & 0xffff) !== value) throw outOfRange(value, 0xffff);
    this.#reserve(2);
    this.#buffer[this.#position++] = value >>> 8;
    this.#buffer[this.#position++] = value;
  }

  /** Big-endian. */
  u32(value: number): void {
    if (typeof value !== 'number' || value >>> 0 !== value) throw outOfRange(value, 0xffff_ffff);
    this.#reserve(4);
    putU32(this.#buffer, this.#position, value);
    this.#position += 4;
  }

  /** Big-endian. */
  u64(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value)
      throw outOfRange(value, 2n ** 64n - 1n);
    this.#reserve(8);
    putU32(this.#buffer, this.#position, Number(value >> 32n));
    putU32(this.#buffer, this.#position + 4, Number(value & 0xffff_ffffn));
    this.#position += 8;
  }

  /** Unsigned LEB128 in its shortest form, up to 2^53-1. */
  varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    if (typeof value === 'number' && (value & 0x3fff) === value) this.#shortVarint(value);
    else if (!Number.isInteger(value) || value < 0 || value > MAX_VARINT) throw outOfRange(value, MAX_VARINT);
    else this.#position = putVarint(this.#buffer, this.#position, value);
  }

  /** One or two bytes, as most are. */
  #shortVarint(value: number): void {
    if (value < 0x80) this.#buffer[this.#position++] = value;
    else {
      this.#buffer[this.#position++] = (value & 0x7f) | 0x80;
      this.#buffer[this.#position++] = value >>> 7;
    }
  }

  /** One byte, 0 or 1. */
  flag(value: boolean): void {
    if (typeof value !== 'boolean') throw wrongType(value, 'a boolean');
    this.u8(value ? 1 : 0);
  }

  /** `value` as it is, without a length. */
  bytes(value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) throw wrongType(value, 'a Uint8Array');
    if (this.#byReference && value.length >= BY_REFERENCE_BYTES) {
      this.#closePart();
      this.#parts.push(value);
      this.#partsBytes += value.length;
      return;
    }
    this.#reserve(value.length);
    this.#buffer.set(value, this.#position);
    this.#position += value.length;
  }

  /** UTF-8 behind its length in bytes as a varint. */
  text(value: string, maxBytes: number): void {
    if (typeof value !== 'string') throw wrongType(value, 'a string');
    if (value.length > maxBytes) throw textTooLong(maxBytes);
    if (value.length > SHORT_TEXT_BYTES || !this.#shortAscii(value)) this.#anyText(value, maxBytes);
  }

  /** Reserves a u32 for a length that is not known yet and answers its place, for `closeLength`. */
  openLength(): number {
    const place = this.length;
    this.u32(0);
    return place;
  }

  /** Fills the u32 at `place` with the number of bytes written since; answers that number. */
  closeLength(place: number): number {
    const length = this.length - place - 4;
    const inBuffer = place - this.#partsBytes;
    if (inBuffer >= 0) putU32(this.#buffer, this.#start + inBuffer, length);
    else this.#putIntoPart(place, length);
    return length;
  }

  /** Goes one level deeper into a recursive value; to be matched by `ascend`. */
  descend(maxDepth: number): void {
    if (this.#depth >= maxDepth)
      throw new CodecError('too_deep', 'write', `it is nested deeper than ${maxDepth}`);
    this.#depth++;
  }

  ascend(): void {
    this.#depth--;
  }

  /** Ends the message: its bytes in one piece. */
  finish(): Uint8Array {
    if (this.#parts.length > 0) return joined(this.finishParts());
    const message = this.#buffer.subarray(this.#start, this.#position);
    this.#settle();
    return message;
  }

  /** Ends the message: its bytes in order, long byte fields as parts of their own. */
  finishParts(): Uint8Array[] {
    // Most messages are one part: a list of its own, as one that grows would have room for many.
    if (this.#parts.length === 0 && this.#position > this.#start) return [this.finish()];
    this.#closePart();
    const parts = this.#parts;
    this.#forgetParts();
    this.#depth = 0;
    this.#settle();
    return parts;
  }

  /** Forgets the message begun, so that the writer can be used again after a failure. */
  discard(): void {
    if (this.#parts.length > 0) this.#forgetParts();
    this.#depth = 0;
    this.#position = this.#start;
    this.#settle();
  }

  /** Starts the next message behind this one, or in a new slab where this one had a large buffer of its own. */
  #settle(): void {
    this.#start = this.#position;
    if (this.#buffer.length <= SLAB_BYTES) return;
    this.#buffer = nothing;
    this.#start = 0;
    this.#position = 0;
  }

  #forgetParts(): void {
    this.#parts = [];
    this.#partsBytes = 0;
  }

  /** Puts a u32 at a place before the present buffer. */
  #putIntoPart(place: number, value: number): void {
    let partEnd = this.#partsBytes;
    for (const part of this.#parts.toReversed()) {
      partEnd -= part.length;
      if (place >= partEnd) {
        putU32(part, place - partEnd, value);
        break;
      }
    }
  }

  #closePart(): void {
    if (this.#position === this.#start) return;
    this.#parts.push(this.#buffer.subarray(this.#start, this.#position));
    this.#partsBytes += this.#position - this.#start;
    this.#start = this.#position;
  }

  #reserve(byteLength: number): void {
    if (this.#position + byteLength > this.#buffer.length) this.#grow(byteLength);
  }

  #grow(byteLength: number): void {
    const written = this.#position - this.#start;
    const needed = written + byteLength;
    const buffer = new Uint8Array(Math.max(SLAB_BYTES, 2 * written, needed + SLAB_BYTES / 2));
    buffer.set(this.#buffer.subarray(this.#start, this.#position));
    this.#buffer = buffer;
    this.#start = 0;
    this.#position = written;
  }

  #shortAscii(value: string): boolean {
    const length = value.length;
    this.#reserve(1 + length);
    const buffer = this.#buffer;
    const start = this.#position + 1;
    let bits = 0;
    for (let index = 0; index < length; index++) {
      const character = value.charCodeAt(index);
      bits |= character;
      buffer[start + index] = character;
    }
    if (bits > 0x7f) return false;
    buffer[this.#position] = length;
    this.#position = start + length;
    return true;
  }

  #anyText(value: string, maxBytes: number): void {
    const mostBytes = Math.min(3 * value.length, maxBytes);
    this.#reserve(MAX_VARINT_BYTES + mostBytes);
    // Right for ASCII; other text is moved if its length turns out to take one more byte.
    const guessedPrefix = varintBytes(value.length);
    const start = this.#position + guessedPrefix;
    const byteLength = putUtf8(value, this.#buffer.subarray(start, start + mostBytes));
    if (byteLength === undefined) throw textTooLong(maxBytes);
    const prefix = varintBytes(byteLength);
    if (prefix > guessedPrefix) this.#buffer.copyWithin(this.#position + prefix, start, start + byteLength);
    putVarint(this.#buffer, this.#position, byteLength);
    this.#position += prefix + byteLength;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}

function putU32(buffer: Uint8Array, position: number, value: number): void {
  buffer[position] = value >>> 24;
  buffer[position + 1] = value >>> 16;
  buffer[position + 2] = value >>> 8;
  buffer[position + 3] = value;
}

function outOfRange(value: unknown, max: number | bigint): CodecError {
  if (typeof value !== typeof max) return wrongType(value, `a ${typeof max}`);
  return new CodecError('out_of_range', 'write', `${value} is not an integer from 0 to ${max}`);
}

function textTooLong(maxBytes: number): CodecError {
  return new CodecError('too_long', 'write', `it takes more than the ${maxBytes} bytes allowed`);
}

function wrongType(value: unknown, wanted: string): CodecError {
  return new CodecError('wrong_type', 'write', `it is of type ${typeof value}, expected ${wanted}`);
}
