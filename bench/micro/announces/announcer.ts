/**
 * One device that announces as fast as it is answered, with bytes that are made once.
 *
 * A load generator that encodes and decodes every message is slower than the tracker that it measures, which then waits and
 * works on smaller batches than it could. So the connection that logged in is put aside for each round: requests are
 * copies with another call id, and of an answer only the length is looked at, which no other number of peers has.
 */
import { trackerContract } from '../../../packages/tracker/src/contract.ts';
import {
  createFrameDecoder,
  encode,
  encodeFrame,
  type Frame,
} from '../../../packages/wire-codec/src/index.ts';
import type { Tap } from './tap.ts';

const { request, response } = trackerContract.methods.announce;
const TYPE = 'announce';
/** Kinds of the envelope: section 5 of PROTOCOL.md. */
const REQUEST = 1;
const RESPONSE = 2;
/** Kind, and an id of four bytes. */
const ENVELOPE_BYTES = 5;
/** Ids that take four bytes as a varint, so that all requests are alike. */
const FIRST_ID = 2 ** 21;
/** Start, type size and payload size, the type, and the kind stand before the id. */
const ID_START = 7 + TYPE.length + 1;

type Request = Parameters<typeof request.codec.write>[1];
type Answer = ReturnType<typeof response.codec.read>;

export interface AnnouncerOptions {
  readonly tap: Tap;
  /** What is announced, one after the other. */
  readonly requests: readonly Request[];
  /** As long as every answer has to be. */
  readonly answer: Answer;
}

export class Announcer {
  readonly #tap: Tap;
  readonly #frames: readonly Uint8Array[];
  readonly #answerBytes: number;
  #lastId = FIRST_ID - 1;
  #inFlight = 0;
  #answers = 0;
  #failure: Error | undefined;

  constructor({ tap, requests, answer }: AnnouncerOptions) {
    this.#tap = tap;
    this.#frames = requests.map((one) => frameOf(encode(request.codec, one)));
    this.#answerBytes = ENVELOPE_BYTES + encode(response.codec, answer).length;
  }

  /** Keeps so many announces in flight until it `isOver`; resolves with how many were answered, when all are. */
  run(inFlight: number, isOver: () => boolean): Promise<number> {
    const decoder = createFrameDecoder({ maxPayloadBytes: 65_536 });
    this.#answers = 0;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#tap.divert((chunk) => {
      decoder.push(chunk);
      const before = this.#answers;
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) this.#take(frame);
      if (!isOver() && this.#failure === undefined) this.#send(this.#answers - before);
      if (this.#failure === undefined && this.#inFlight > 0) return;
      this.#tap.restore();
      if (this.#failure === undefined) resolve(this.#answers);
      else reject(this.#failure);
    });
    this.#send(inFlight);
    return promise;
  }

  #take({ type, payload }: Frame): void {
    if (type !== TYPE) {
      for (const part of encodeFrame(type, payload)) this.#tap.pass(part);
      return;
    }
    this.#inFlight -= 1;
    this.#answers += 1;
    if (payload[0] === RESPONSE && payload.length === this.#answerBytes) return;
    this.#failure = new Error(
      `An answer of kind ${payload[0]} has ${payload.length} bytes, not ${this.#answerBytes}`,
    );
  }

  /** Sends as many announces in one piece. */
  #send(count: number): void {
    const frames = Array.from({ length: count }, () => this.#nextFrame());
    this.#inFlight += count;
    if (count > 0) this.#tap.channel.write([Buffer.concat(frames)]);
  }

  #nextFrame(): Uint8Array {
    this.#lastId += 1;
    const frame = this.#frames[this.#lastId % this.#frames.length] ?? new Uint8Array(0);
    return withId(frame, this.#lastId);
  }
}

/** A frame with the request of a call, whose id is to be put in. */
function frameOf(body: Uint8Array): Uint8Array {
  const parts = encodeFrame(TYPE, (writer) => {
    writer.u8(REQUEST);
    writer.varint(FIRST_ID);
    // A unary call has no window.
    writer.varint(0);
    writer.bytes(body);
  });
  return Buffer.concat(parts);
}

function withId(frame: Uint8Array, id: number): Uint8Array {
  const copy = new Uint8Array(frame);
  for (let at = 0; at < 4; at += 1) copy[ID_START + at] = ((id >>> (7 * at)) & 0x7f) | (at < 3 ? 0x80 : 0);
  return copy;
}
