/**
 * The half of a session that calls: numbers the calls made here and takes their answers.
 *
 * An answer to a call that was never made, or that already had its last word, is a protocol error. An answer to a call that
 * was cancelled here is counted, because it crossed the cancel, and dropped.
 */
import type { Frame } from '@minitorrent/wire-codec';
import type { Call, CallTable } from './call-table.ts';
import { createCallTable, theirMove } from './call-table.ts';
import type { Method } from './contract.ts';
import type { Envelope, EnvelopeWriter } from './envelope.ts';
import { RpcError } from './errors.ts';
import type { FrameQueue } from './frame-queue.ts';
import type { AnswerEvent } from './session-events.ts';

/** The envelopes that answer a call. */
export type AnswerEnvelope = Extract<Envelope, { kind: 'response' | 'error' | 'item' | 'end' }>;

export class MadeCalls {
  readonly #writer: EnvelopeWriter;
  readonly #output: FrameQueue;
  readonly #table: CallTable = createCallTable();
  #nextId = 1;

  constructor(writer: EnvelopeWriter, output: FrameQueue) {
    this.#writer = writer;
    this.#output = output;
  }

  /** Calls without their last word; a cancelled one counts until the other side is done with it. */
  get size(): number {
    return this.#table.size;
  }

  /** Starts a call. What the method's codec refuses is thrown, and nothing was sent. */
  request(name: string, method: Method, windowBytes: number, value: unknown): Call {
    this.#output.add(this.#writer.request(name, this.#nextId, windowBytes, method.request, value));
    return this.#table.add(this.#nextId++, name, method, windowBytes);
  }

  /** Gives up on a call; its answers are not reported any more. */
  cancel(call: Call): void {
    this.#table.ourMove(call, 'cancel');
    this.#output.add(this.#writer.cancel(call.name, call.id));
  }

  /** Lets the other side send so many bytes more. */
  grant(call: Call, bytes: number): void {
    this.#table.ourMove(call, 'credit');
    this.#table.grant(call, bytes);
    this.#output.add(this.#writer.credit(call.name, call.id, bytes));
  }

  /** Takes an answer; undefined when nobody waits for it. */
  accept(frame: Frame, envelope: AnswerEnvelope): AnswerEvent | undefined {
    const before = this.#table.get(envelope.id);
    const isWanted = before?.state === 'open';
    const call = theirMove(this.#table, before, frame.type, envelope);
    const payloadBytes = frame.payload.length;
    if (envelope.kind === 'item' && !this.#table.spend(call, payloadBytes)) {
      throw new RpcError('credit_exceeded', `Cannot accept an item of ${call.name}: there was no credit`);
    }
    return isWanted ? answerEvent(call, envelope, payloadBytes) : undefined;
  }
}

function answerEvent(call: Call, envelope: AnswerEnvelope, payloadBytes: number): AnswerEvent {
  switch (envelope.kind) {
    case 'item':
      return { kind: 'item', call, body: envelope.body, payloadBytes };
    case 'response':
      return { kind: 'response', call, body: envelope.body };
    case 'error':
      return { kind: 'error', call, error: envelope.error };
    case 'end':
      return { kind: 'end', call };
  }
}
