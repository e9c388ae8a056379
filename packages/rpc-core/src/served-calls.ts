/**
 * The half of a session that is called: takes requests, and sends their answers.
 *
 * A cancel or credit for a call that has had its last word crossed that word and is ignored, as is a second cancel, or
 * credit, for a call that is cancelled. A call id that was used
 * before, or more calls than were agreed in `hello`, is a protocol error.
 */
import { isMoot } from './call-state.ts';
import type { Call, CallTable } from './call-table.ts';
import { createCallTable, theirMove } from './call-table.ts';
import type { Method } from './contract.ts';
import type { ErrorBody } from './control-frames.ts';
import { cutMessage } from './control-frames.ts';
import type { Envelope, EnvelopeWriter } from './envelope.ts';
import { RpcError } from './errors.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { CallerEvent } from './session-events.ts';

/** What calls may come. */
export interface ServedCallsOptions {
  /** The method that is served by this name. */
  readonly methodServed: (name: string) => Method | undefined;
  readonly callsInFlight: number;
}

type RequestEnvelope = Extract<Envelope, { kind: 'request' }>;
type CallerEnvelope = Extract<Envelope, { kind: 'cancel' | 'credit' }>;

export class ServedCalls {
  readonly #options: ServedCallsOptions;
  readonly #writer: EnvelopeWriter;
  readonly #output: FrameQueue;
  readonly #table: CallTable = createCallTable();
  #lastId = 0;

  constructor(options: ServedCallsOptions, writer: EnvelopeWriter, output: FrameQueue) {
    this.#options = options;
    this.#writer = writer;
    this.#output = output;
  }

  /** Calls without their last word. */
  get size(): number {
    return this.#table.size;
  }

  /** Answers a unary call. What the codec refuses is thrown, and nothing was sent. */
  respond(call: Call, value: unknown): void {
    if (call.method?.kind !== 'unary')
      throw new TypeError(`Cannot answer ${call.name}: it is not a unary method`);
    const parts = this.#writer.response(call.name, call.id, call.method.response, value);
    this.#table.ourMove(call, 'response');
    this.#output.add(parts);
  }

  /** Sends one item; only while `call.balance` is above zero. What the codec refuses is thrown, and nothing was sent. */
  sendItem(call: Call, value: unknown): void {
    if (call.method?.kind !== 'stream')
      throw new TypeError(`Cannot send items of ${call.name}: it is no stream`);
    if (call.balance <= 0) throw new TypeError(`Cannot send an item of ${call.name}: there is no credit`);
    const parts = this.#writer.item(call.name, call.id, call.method.item, value);
    this.#table.ourMove(call, 'item');
    this.#table.spend(call, this.#writer.payloadBytes);
    this.#output.add(parts);
  }

  /** Ends a stream in good order. */
  end(call: Call): void {
    this.#table.ourMove(call, 'end');
    this.#output.add(this.#writer.end(call.name, call.id));
  }

  /** Answers a call with an error. */
  fail(call: Call, error: ErrorBody): void {
    this.#table.ourMove(call, 'error');
    const body = { code: error.code, message: cutMessage(error.message) };
    this.#output.add(this.#writer.error(call.name, call.id, body));
  }

  /** Takes a request. */
  acceptRequest(name: string, { id, windowBytes, body }: RequestEnvelope): CallerEvent {
    const { callsInFlight, methodServed } = this.#options;
    if (id <= this.#lastId) {
      throw new RpcError(
        'bad_call_id',
        `Cannot accept call ${id} of ${name}: the last one was ${this.#lastId}`,
      );
    }
    if (this.#table.size >= callsInFlight) {
      throw new RpcError('too_many_calls', `Cannot serve ${name}: ${callsInFlight} calls are served already`);
    }
    this.#lastId = id;
    return { kind: 'request', call: this.#table.add(id, name, methodServed(name), windowBytes), body };
  }

  /** Takes what a caller says about its call; undefined when the call has ended here, or is cancelled. */
  accept(name: string, envelope: CallerEnvelope): CallerEvent | undefined {
    const before = this.#table.get(envelope.id);
    if (before === undefined && envelope.id <= this.#lastId) return undefined;
    if (before?.name === name && isMoot(before.method?.kind ?? 'unary', before.state, envelope.kind))
      return undefined;
    const call = theirMove(this.#table, before, name, envelope);
    if (envelope.kind === 'credit' && !this.#table.grant(call, envelope.bytes)) {
      throw new RpcError('credit_exceeded', `Cannot count the credit of ${name}: it exceeds 2^53-1`);
    }
    return { kind: envelope.kind, call };
  }
}
