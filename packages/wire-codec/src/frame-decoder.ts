/**
 * The incremental decoder of frames: bytes in any split go in, whole frames come out.
 *
 * "Not enough yet" is an answer, not an error. A stream that is wrong once is wrong for ever: the decoder fails again
 * with the same error and never looks for the next frame in garbage. The declared length of a payload is compared with
 * the limit before any of it is buffered, and is never trusted for an allocation, but for one that the caller makes.
 */
import { type Allocate, ByteQueue } from './byte-queue.ts';
import { FrameError } from './errors.ts';
import { FRAME_START, type Frame, HEADER_BYTES, isTypeCharacter } from './frame.ts';
import { MAX_TYPE_BYTES } from './limits.ts';
import { takeAscii } from './utf8.ts';

export interface FrameDecoder {
  /** Adds bytes of the stream, in order. The decoder keeps `chunk`, which must not change afterwards. */
  push(chunk: Uint8Array): void;
  /** The same for a chunk whose memory is used again afterwards: what of it is needed is copied. */
  pushLent(chunk: Uint8Array): void;
  /**
   * The next whole frame, or undefined until more bytes come. A payload inside one chunk is a view of it, otherwise a copy.
   * Fails with a `FrameError`, the same one from then on.
   */
  next(): Frame | undefined;
  /** Tells that the stream ended; fails with `truncated` inside a frame. */
  end(): void;
  /** Bytes of frames that `next` has not answered yet; 0 between frames. */
  readonly bufferedBytes: number;
}

export interface FrameDecoderOptions {
  /** Most bytes that a payload may have, for each type; asked once per frame as soon as its type is known. */
  readonly maxPayloadBytes: number | ((type: string) => number);
  /**
   * Gives at least `byteLength` bytes for a payload that does not come in one chunk, such as a buffer that is used again. The
   * payload is the first `byteLength` of them, and theirs whoever takes the frame. It is asked once the header is known, and
   * the payload is written there as it comes; unless given, nothing is allocated before all of it has come.
   */
  readonly allocate?: (byteLength: number) => Uint8Array;
}

export function createFrameDecoder(options: FrameDecoderOptions): FrameDecoder {
  const { maxPayloadBytes, allocate } = options;
  const limit = typeof maxPayloadBytes === 'number' ? () => maxPayloadBytes : maxPayloadBytes;
  return new QueueDecoder(limit, allocate);
}

/** Bytes of the header up to and with the type size. */
const OPENING_BYTES = 3;

class QueueDecoder implements FrameDecoder {
  readonly #maxPayloadBytes: (type: string) => number;
  readonly #allocate: Allocate | undefined;
  readonly #queue = new ByteQueue();
  /** What `next` or `end` failed with. */
  #failure: unknown;
  /** What is known of the frame begun: 0 and empty until it was read. */
  #typeSize = 0;
  #type = '';
  #payloadBytes = 0;
  /** The type that was read last, and its letters. */
  #lastType = '';
  readonly #typeBytes = new Uint8Array(MAX_TYPE_BYTES);
  /** Where the payload goes that has begun, in memory of the caller's, and how much of it is there. */
  #target: Uint8Array | undefined;
  #filledBytes = 0;

  constructor(maxPayloadBytes: (type: string) => number, allocate: Allocate | undefined) {
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#allocate = allocate;
  }

  get bufferedBytes(): number {
    return this.#queue.length + this.#filledBytes + this.#headerBytes();
  }

  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    const taken = this.#fill(chunk);
    // A Buffer's views would be Buffers, whose slice() does not copy.
    this.#queue.push(new Uint8Array(chunk.buffer, chunk.byteOffset + taken, chunk.byteLength - taken));
  }

  pushLent(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    const taken = this.#fill(chunk);
    if (taken < chunk.length) this.#queue.push(new Uint8Array(chunk.subarray(taken)));
  }

  next(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#readHeader() ? this.#readPayload() : undefined;
    } catch (error) {
      // What the limit throws is a failure for good as well: the frame's header is taken already.
      this.#failure = error;
      throw error;
    }
  }

  end(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.bufferedBytes === 0) return;
    this.#failure = new FrameError(
      'truncated',
      `Cannot read a frame: the stream ended ${this.bufferedBytes} bytes into it`,
    );
    throw this.#failure;
  }

  /** Reads as much of the header as is there; answers whether all of it is known. */
  #readHeader(): boolean {
    const queue = this.#queue;
    if (this.#typeSize === 0) {
      if (queue.length < OPENING_BYTES) return false;
      this.#readOpening();
    }
    if (this.#type === '') {
      if (queue.length < this.#typeSize + HEADER_BYTES - OPENING_BYTES) return false;
      this.#readTypeAndLength();
    }
    return true;
  }

  #readOpening(): void {
    const start = this.#queue.takeByte() * 0x100 + this.#queue.takeByte();
    if (start !== FRAME_START) {
      const shown = start.toString(16).padStart(4, '0');
      throw new FrameError('bad_magic', `Cannot read a frame: it opens with ${shown}, expected 4d54`);
    }
    const typeSize = this.#queue.takeByte();
    if (typeSize === 0 || typeSize > MAX_TYPE_BYTES) {
      throw new FrameError(
        'bad_type',
        `Cannot read a frame: its type has ${typeSize} bytes, expected 1 to ${MAX_TYPE_BYTES}`,
      );
    }
    this.#typeSize = typeSize;
  }

  #readTypeAndLength(): void {
    const type = this.#takeType();
    let payloadBytes = 0;
    for (let index = 0; index < 4; index++) payloadBytes = payloadBytes * 0x100 + this.#queue.takeByte();
    const max = this.#maxPayloadBytes(type);
    // Written so that a limit that is not a number refuses.
    if (!(payloadBytes <= max)) {
      const message = `Cannot read ${type}: its payload has ${payloadBytes} bytes, at most ${max} are allowed`;
      throw new FrameError('payload_too_large', message);
    }
    this.#type = type;
    this.#payloadBytes = payloadBytes;
  }

  /** Most frames are of the type of the one before, and get its string: a new one would be hashed wherever it is looked up. */
  #takeType(): string {
    const length = this.#typeSize;
    let isSame = length === this.#lastType.length;
    for (let index = 0; index < length; index++) {
      const code = this.#queue.takeByte();
      if (!isTypeCharacter(code)) {
        throw new FrameError(
          'bad_type',
          `Cannot read a frame: its type has the byte ${code}, expected a-z or _`,
        );
      }
      isSame &&= this.#typeBytes[index] === code;
      this.#typeBytes[index] = code;
    }
    // It is ASCII: each character was looked at.
    if (!isSame) this.#lastType = takeAscii(this.#typeBytes, 0, length) as string;
    return this.#lastType;
  }

  #readPayload(): Frame | undefined {
    const payload = this.#takePayload();
    if (payload === undefined) return undefined;
    const frame = { type: this.#type, payload };
    this.#typeSize = 0;
    this.#type = '';
    return frame;
  }

  #takePayload(): Uint8Array | undefined {
    const target = this.#target;
    if (target !== undefined) {
      if (this.#filledBytes < target.length) return undefined;
      this.#target = undefined;
      this.#filledBytes = 0;
      return target;
    }
    if (this.#payloadBytes === 0) return new Uint8Array(0);
    if (this.#queue.length >= this.#payloadBytes) return this.#queue.take(this.#payloadBytes, this.#allocate);
    this.#target = this.#allocate?.(this.#payloadBytes).subarray(0, this.#payloadBytes);
    if (this.#target !== undefined) this.#fillFromQueue(this.#target);
    return undefined;
  }

  #fillFromQueue(target: Uint8Array): void {
    this.#filledBytes = this.#queue.length;
    this.#queue.takeInto(target.subarray(0, this.#filledBytes));
  }

  /** Writes what it can of `chunk` where the payload goes; answers how many bytes that were. */
  #fill(chunk: Uint8Array): number {
    const target = this.#target;
    if (target === undefined || this.#filledBytes === target.length) return 0;
    const bytes = Math.min(target.length - this.#filledBytes, chunk.length);
    target.set(bytes === chunk.length ? chunk : chunk.subarray(0, bytes), this.#filledBytes);
    this.#filledBytes += bytes;
    return bytes;
  }

  #headerBytes(): number {
    if (this.#typeSize === 0) return 0;
    return this.#type === '' ? OPENING_BYTES : HEADER_BYTES + this.#typeSize;
  }
}
