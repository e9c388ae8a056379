/**
 * The other side of a socket, played by hand: what it sends has been through no codec that refuses.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  type Codec,
  createFrameDecoder,
  decode,
  encode,
  encodeFrame,
  type Frame,
  optional,
  struct,
  text,
  u8,
  varint,
} from '@minitorrent/wire-codec';

const errorBody = struct(
  { code: text({ maxBytes: 32 }), message: text({ maxBytes: 1024 }) },
  { extensible: true },
);
const goodbye = struct({ error: optional(errorBody) }, { extensible: true });
const errorAnswer = struct({ kind: u8, id: varint, error: errorBody });
const hello = struct({ minVersion: varint, maxVersion: varint, callsInFlight: varint }, { extensible: true });
const requestEnvelope = struct({ kind: u8, id: varint, windowBytes: varint });
const REQUEST = 1;
const ERROR = 3;

/** What the other side said, and about what: an answer to one call, or the end of all of them. */
export interface Refusal {
  readonly type: string;
  readonly code: string;
  readonly message: string;
}

export class Stranger implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #frames: AsyncIterator<Frame, void>;
  #lastId = 0;

  /** `socket` must not have been read from. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#frames = framesOf(socket);
  }

  static async connect(address: { readonly host: string; readonly port: number }): Promise<Stranger> {
    const socket = connect({ ...address, noDelay: true });
    await once(socket, 'connect');
    return new Stranger(socket);
  }

  send(...parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  greet(): void {
    this.send(...encodeFrame('hello', encode(hello, { minVersion: 1, maxVersion: 1, callsInFlight: 64 })));
  }

  /** Makes a call of `type`, whatever its body. A stream says nothing without a window. */
  call(type: string, body: Uint8Array, { windowBytes = 0 } = {}): void {
    this.#lastId += 1;
    const envelope = encode(requestEnvelope, { kind: REQUEST, id: this.#lastId, windowBytes });
    this.send(...encodeFrame(type, Buffer.concat([envelope, body])));
  }

  /** Makes a call with the body that `codec` writes. */
  ask<T>(type: string, codec: Codec<T>, request: T, options?: { readonly windowBytes: number }): void {
    this.call(type, encode(codec, request), options);
  }

  /** The next answer or goodbye, which must be an error. */
  async refusal(): Promise<Refusal> {
    for (;;) {
      const { value: frame } = await this.#frames.next();
      if (frame === undefined) throw new Error('The other side has closed without a word');
      const error = errorIn(frame);
      if (error !== undefined) return { type: frame.type, ...error };
      if (frame.type !== 'hello') throw new Error(`The other side has no objection to ${frame.type}`);
    }
  }

  /** The type of the next frame that is not a hello; undefined when the other side closes. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const { value: frame } = await this.#frames.next();
      if (frame?.type !== 'hello') return frame?.type;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.destroy();
    await closed;
  }
}

/** The header of a frame that says how long its payload is, and nothing of the payload. */
export function headerOf(type: string, payloadBytes: number): Uint8Array {
  const header = Buffer.concat(encodeFrame(type, new Uint8Array(0)));
  header.writeUInt32BE(payloadBytes, header.length - 4);
  return header;
}

function errorIn({ type, payload }: Frame): { readonly code: string; readonly message: string } | undefined {
  if (type === 'goodbye') return decode(goodbye, payload).error;
  if (type !== 'hello' && payload[0] === ERROR) return decode(errorAnswer, payload).error;
  return undefined;
}

async function* framesOf(socket: Socket): AsyncGenerator<Frame, void> {
  const decoder = createFrameDecoder({ maxPayloadBytes: 1024 * 1024 });
  for await (const chunk of socket) {
    decoder.push(chunk);
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) yield frame;
  }
}
