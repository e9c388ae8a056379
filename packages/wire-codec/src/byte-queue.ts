/**
 * Chunks of a byte stream, taken out in lengths of the reader's choosing. A length inside one chunk is a view; one that
 * spans several is copied once. Small chunks are gathered in buffers on arrival, so that memory and time stay linear in
 * the bytes even when they come one by one. Nothing is allocated for bytes that have not come.
 */
import { GATHER_BELOW_BYTES, GATHER_BYTES } from './limits.ts';

/** Gives at least `byteLength` bytes, which all get overwritten. */
export type Allocate = (byteLength: number) => Uint8Array;

function allocateFresh(byteLength: number): Uint8Array {
  return new Uint8Array(byteLength);
}

export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  /** Index of the first chunk with unread bytes; those before it are dropped from time to time. */
  #head = 0;
  /** Bytes already taken of the first chunk. */
  #offset = 0;
  #length = 0;
  /** The buffer whose used part is the last chunk, where that chunk is a gathering one. */
  #gathering: Uint8Array | undefined;

  /** Bytes not taken yet. */
  get length(): number {
    return this.#length;
  }

  /** Appends `chunk`, which must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (chunk.length < GATHER_BELOW_BYTES && this.#length > 0) this.#gather(chunk);
    else this.#append(chunk, undefined);
    this.#length += chunk.length;
  }

  /** Takes one byte; the caller has made sure that it is there. */
  takeByte(): number {
    // Both are there: the queue is not empty, and no chunk is.
    const chunk = this.#chunks[this.#head] as Uint8Array;
    const byte = chunk[this.#offset] as number;
    this.#skip(chunk, 1);
    return byte;
  }

  /**
   * Takes `length` bytes, at least one; the caller has made sure that they are there. Where they span several chunks
   * they are copied into what `allocate` gives for them.
   */
  take(length: number, allocate: Allocate = allocateFresh): Uint8Array {
    // There is a first chunk, because there are bytes.
    const chunk = this.#chunks[this.#head] as Uint8Array;
    const start = this.#offset;
    if (chunk.length - start < length) return this.#join(length, allocate);
    this.#skip(chunk, length);
    return chunk.subarray(start, start + length);
  }

  /** Moves the first bytes into `target`, all of it; the caller has made sure that they are there. */
  takeInto(target: Uint8Array): void {
    for (let filled = 0; filled < target.length; ) {
      const chunk = this.#chunks[this.#head] as Uint8Array;
      const part = chunk.subarray(this.#offset, this.#offset + target.length - filled);
      target.set(part, filled);
      filled += part.length;
      this.#skip(chunk, part.length);
    }
  }

  #append(chunk: Uint8Array, gathering: Uint8Array | undefined): void {
    this.#chunks.push(chunk);
    this.#gathering = gathering;
  }

  /** Adds a small chunk behind the bytes in the gathering buffer, or starts one. */
  #gather(chunk: Uint8Array): void {
    const last = this.#chunks.length - 1;
    const gathering = this.#gathering;
    // The last chunk is there: the queue is not empty.
    const used = (this.#chunks[last] as Uint8Array).length;
    if (gathering !== undefined && used + chunk.length <= GATHER_BYTES) {
      // Views handed out before stay as they are: bytes are only ever added behind them.
      gathering.set(chunk, used);
      this.#chunks[last] = gathering.subarray(0, used + chunk.length);
      return;
    }
    const buffer = new Uint8Array(GATHER_BYTES);
    buffer.set(chunk);
    this.#append(buffer.subarray(0, chunk.length), buffer);
  }

  #join(length: number, allocate: Allocate): Uint8Array {
    const joined = allocate(length).subarray(0, length);
    this.takeInto(joined);
    return joined;
  }

  /** Marks `length` bytes of the first chunk as taken. */
  #skip(chunk: Uint8Array, length: number): void {
    this.#length -= length;
    this.#offset += length;
    if (this.#offset < chunk.length) return;
    this.#offset = 0;
    this.#head++;
    if (2 * this.#head < this.#chunks.length) return;
    // At most every second chunk in the array is one already taken, so dropping them costs constant time per chunk.
    this.#chunks.splice(0, this.#head);
    this.#head = 0;
    if (this.#length === 0) this.#gathering = undefined;
  }
}
