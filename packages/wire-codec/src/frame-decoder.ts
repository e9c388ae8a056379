/**
 * The incremental decoder of frames: bytes in any split go in, whole frames come out.
 *
 * "Not enough yet" is an answer, not an error. A stream that is wrong once is wrong for ever: the decoder fails again
 * with the same error and never looks for the next frame in garbage. The declared length of a payload is compared with
 * the limit before any of it is buffered, and is never trusted for an allocation.
 */
import { type Allocate, ByteQueue } from './byte-queue.ts';
import { FrameError } from './errors.ts';
import { FRAME_START, type Frame, HEADER_BYTES, isTypeCharacter } from './frame.ts';
import { MAX_TYPE_BYTES } from './limits.ts';
import { takeAscii } from './utf8.ts';

export interface FrameDecoder {
  /** Adds bytes of the stream, in order. The decoder keeps `chunk`, which must not change afterwards. */
  push(chunk: Uint8Array): void;
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
   * Gives at least `byteLength` bytes for a payload that is here but spans chunks, such as a buffer that is used again; a
   * fresh Uint8Array unless given. The payload is the first `byteLength` of them, and theirs whoever takes the frame.
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

  constructor(maxPayloadBytes: (type: string) => number, allocate: Allocate | undefined) {
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#allocate = allocate;
  }

  get bufferedBytes(): number {
    return this.#queue.length + this.#headerBytes();
  }

  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    // A Buffer's views would be Buffers, whose slice() does not copy.
    this.#queue.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
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
    const typeBytes = this.#queue.take(this.#typeSize);
    for (const code of typeBytes) {
      if (!isTypeCharacter(code)) {
        throw new FrameError(
          'bad_type',
          `Cannot read a frame: its type has the byte ${code}, expected a-z or _`,
        );
      }
    }
    // It is ASCII: each character was looked at.
    const type = takeAscii(typeBytes, 0, typeBytes.length) as string;
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

  #readPayload(): Frame | undefined {
    if (this.#queue.length < this.#payloadBytes) return undefined;
    const payload =
      this.#payloadBytes === 0 ? new Uint8Array(0) : this.#queue.take(this.#payloadBytes, this.#allocate);
    const frame = { type: this.#type, payload };
    this.#typeSize = 0;
    this.#type = '';
    return frame;
  }

  #headerBytes(): number {
    if (this.#typeSize === 0) return 0;
    return this.#type === '' ? OPENING_BYTES : HEADER_BYTES + this.#typeSize;
  }
}
