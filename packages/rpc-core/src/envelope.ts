/**
 * The envelope: what every payload of a call opens with, before the body that the method's codec describes.
 *
 *     kind u8 | call id varint | rest
 *
 *     request 1   rest: stream window varint (0 for unary calls), then the request
 *     response 2  rest: the response
 *     error 3     rest: the error: its length u32, code text, message text
 *     item 4      rest: the item
 *     end 5, cancel 6  nothing
 *     credit 7    rest: bytes varint
 *
 * Each side numbers the calls it makes, from 1 upwards and never the same twice; the kind tells whose number it is.
 * Nothing here knows whether a frame is expected: that is the session's business.
 */
import type { Writer } from '@minitorrent/wire-codec';
import { encodeFrame, Reader } from '@minitorrent/wire-codec';
import type { Body } from './contract.ts';
import type { ErrorBody } from './control-frames.ts';
import { errorBodyCodec } from './control-frames.ts';
import { RpcError } from './errors.ts';

/** The kinds of the envelope and their numbers on the wire, which never change. */
export const envelopeKinds = {
  request: 1,
  response: 2,
  error: 3,
  item: 4,
  end: 5,
  cancel: 6,
  credit: 7,
} as const;

/** An envelope that was read. `body` stands at the first byte of what the method's codec describes. */
export type Envelope =
  | { readonly kind: 'request'; readonly id: number; readonly windowBytes: number; readonly body: Reader }
  | { readonly kind: 'response'; readonly id: number; readonly body: Reader }
  | { readonly kind: 'error'; readonly id: number; readonly error: ErrorBody }
  | { readonly kind: 'item'; readonly id: number; readonly body: Reader }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number };

/** Reads the envelope of a payload; fails with `bad_envelope`. Bodies are not looked at. */
export function readEnvelope(payload: Uint8Array): Envelope {
  try {
    return parseEnvelope(new Reader(payload));
  } catch (cause) {
    if (cause instanceof RpcError) throw cause;
    throw new RpcError('bad_envelope', 'Cannot read the envelope of a frame', { cause });
  }
}

function parseEnvelope(reader: Reader): Envelope {
  const kind = reader.u8();
  const id = reader.varint();
  switch (kind) {
    case envelopeKinds.request:
      return { kind: 'request', id, windowBytes: reader.varint(), body: reader };
    case envelopeKinds.response:
      return { kind: 'response', id, body: reader };
    case envelopeKinds.item:
      return { kind: 'item', id, body: reader };
    case envelopeKinds.error:
      return complete(reader, { kind: 'error', id, error: errorBodyCodec.read(reader) });
    case envelopeKinds.end:
      return complete(reader, { kind: 'end', id });
    case envelopeKinds.cancel:
      return complete(reader, { kind: 'cancel', id });
    case envelopeKinds.credit:
      return complete(reader, { kind: 'credit', id, bytes: reader.varint() });
    default:
      throw new RpcError(
        'bad_envelope',
        `Cannot read the envelope of a frame: kind ${kind}, expected 1 to 7`,
      );
  }
}

function complete(reader: Reader, envelope: Envelope): Envelope {
  reader.finish();
  return envelope;
}

/** Makes the frames of calls. One per session; it keeps its fields between calls so that a frame costs no closure. */
export class EnvelopeWriter {
  /** Payload bytes of the frame that was made last. */
  payloadBytes = 0;
  #kind = 0;
  #id = 0;
  #number: number | undefined;
  #body: Body<unknown> | undefined;
  #value: unknown;
  readonly #write = (writer: Writer): void => {
    const start = writer.length;
    writer.u8(this.#kind);
    writer.varint(this.#id);
    if (this.#number !== undefined) writer.varint(this.#number);
    if (this.#body !== undefined) writeBody(writer, this.#body, this.#value);
    this.payloadBytes = writer.length - start;
  };

  request(name: string, id: number, windowBytes: number, body: Body<unknown>, value: unknown): Uint8Array[] {
    return this.#encode(name, envelopeKinds.request, id, windowBytes, body, value);
  }

  response(name: string, id: number, body: Body<unknown>, value: unknown): Uint8Array[] {
    return this.#encode(name, envelopeKinds.response, id, undefined, body, value);
  }

  item(name: string, id: number, body: Body<unknown>, value: unknown): Uint8Array[] {
    return this.#encode(name, envelopeKinds.item, id, undefined, body, value);
  }

  error(name: string, id: number, error: ErrorBody): Uint8Array[] {
    return this.#encode(name, envelopeKinds.error, id, undefined, errorAnswer, error);
  }

  end(name: string, id: number): Uint8Array[] {
    return this.#encode(name, envelopeKinds.end, id);
  }

  cancel(name: string, id: number): Uint8Array[] {
    return this.#encode(name, envelopeKinds.cancel, id);
  }

  credit(name: string, id: number, bytes: number): Uint8Array[] {
    return this.#encode(name, envelopeKinds.credit, id, bytes);
  }

  #encode(
    name: string,
    kind: number,
    id: number,
    number?: number,
    body?: Body<unknown>,
    value?: unknown,
  ): Uint8Array[] {
    this.#kind = kind;
    this.#id = id;
    this.#number = number;
    this.#body = body;
    this.#value = value;
    try {
      return encodeFrame(name, this.#write);
    } finally {
      this.#value = undefined;
    }
  }
}

const errorAnswer: Body<unknown> = { codec: errorBodyCodec, maxBytes: Number.MAX_SAFE_INTEGER };

function writeBody(writer: Writer, body: Body<unknown>, value: unknown): void {
  const start = writer.length;
  body.codec.write(writer, value);
  const length = writer.length - start;
  if (length <= body.maxBytes) return;
  throw new RangeError(`Cannot send a body of ${length} bytes: the contract allows ${body.maxBytes}`);
}
