/**
 * The protocol of one connection, without any I/O: bytes in and events out, calls in and bytes out, as in h11.
 *
 * It knows what may be sent and received when (the tables of `session-state.ts` and `call-state.ts`), numbers calls,
 * counts credit and refuses what breaks the rules. It runs no handler, keeps no promise and has no clock. A protocol
 * error by the other side is thrown by `nextEvent` and is final; a mistake of our own is a TypeError and changes nothing.
 */
import type { Frame, FrameDecoder } from '@minitorrent/wire-codec';
import { createFrameDecoder, FrameError } from '@minitorrent/wire-codec';
import type { Call } from './call-table.ts';
import type { Method } from './contract.ts';
import type { ErrorBody } from './control-frames.ts';
import {
  chooseVersion,
  cutMessage,
  goodbyeFrame,
  helloFrame,
  pingFrame,
  pongFrame,
  readGoodbye,
  readHello,
  readPong,
  spokenVersions,
} from './control-frames.ts';
import { EnvelopeWriter, readEnvelope } from './envelope.ts';
import { RpcError } from './errors.ts';
import { createFrameQueue } from './frame-queue.ts';
import { MadeCalls } from './made-calls.ts';
import { ServedCalls } from './served-calls.ts';
import type { SessionEvent } from './session-events.ts';
import type { SessionMove, SessionState } from './session-state.ts';
import { mayBeCalled, mayCall, nextSessionState } from './session-state.ts';

/** What a session needs to know of its surroundings. */
export interface SessionOptions {
  /** Largest payload to accept for a frame of this type, now. */
  readonly maxPayloadBytes: (type: string) => number;
  /** The method that is served here by this name. */
  readonly methodServed: (name: string) => Method | undefined;
  /** Calls that this side makes at most at once, and that it serves at once. */
  readonly callsInFlight: number;
  /** Memory for payloads that arrive in several chunks; as `FrameDecoderOptions.allocate`. */
  readonly allocate?: ((byteLength: number) => Uint8Array) | undefined;
}

/** The protocol of one connection. A new one has its `hello` ready to be sent. */
export class Session {
  readonly #decoder: FrameDecoder;
  readonly #output = createFrameQueue();
  readonly #made: MadeCalls;
  readonly #served: ServedCalls;
  #state: SessionState = 'opening';
  /** Calls that both sides allow; known once the other side has greeted. */
  #callsAllowed: number;
  /** The payload of the last ping that has no pong. */
  #owedPong: Uint8Array | undefined;
  #questions = 0;

  constructor(options: SessionOptions) {
    const writer = new EnvelopeWriter();
    this.#made = new MadeCalls(writer, this.#output);
    this.#served = new ServedCalls(options, writer, this.#output);
    this.#callsAllowed = options.callsInFlight;
    const { maxPayloadBytes, allocate } = options;
    this.#decoder = createFrameDecoder({ maxPayloadBytes, ...(allocate && { allocate }) });
    this.#output.add(helloFrame({ ...spokenVersions, callsInFlight: options.callsInFlight }));
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Whether a call may be started now: greeted, not leaving, and fewer calls than both sides allow. */
  get canCall(): boolean {
    return mayCall(this.#state) && this.#made.size < this.#callsAllowed;
  }

  /** Calls made here and not answered; a cancelled one counts until the other side is done with it. */
  get callsMade(): number {
    return this.#made.size;
  }

  /** Calls of the other side that are not answered. */
  get callsServed(): number {
    return this.#served.size;
  }

  /** Bytes of a frame that has not arrived completely. */
  get partialBytes(): number {
    return this.#decoder.bufferedBytes;
  }

  /** Bytes waiting in `takeOutput`. */
  get outputBytes(): number {
    return this.#output.byteLength;
  }

  /** Bytes ever made for `takeOutput`. */
  get madeBytes(): number {
    return this.#output.madeBytes;
  }

  /** Whether `takeOutput` has something. */
  get hasOutput(): boolean {
    return this.#owedPong !== undefined || this.#output.byteLength > 0;
  }

  /** Everything that is to be sent, in order, as parts for one vectored write. Any number of pings gets one pong, for the last. */
  takeOutput(): Uint8Array[] {
    if (this.#owedPong !== undefined) this.#output.add(pongFrame(this.#owedPong));
    this.#owedPong = undefined;
    return this.#output.take();
  }

  /** Takes bytes of the other side, and copies lent ones; then call `nextEvent` until it answers undefined. */
  receive(chunk: Uint8Array, isLent = false): void {
    if (isLent) this.#decoder.pushLent(chunk);
    else this.#decoder.push(chunk);
  }

  /** The next event, or undefined until more bytes come. Throws a `RpcError` when the other side broke the protocol. */
  nextEvent(): SessionEvent | undefined {
    try {
      for (;;) {
        const frame = this.#decoder.next();
        if (frame === undefined) return undefined;
        const event = this.#handleFrame(frame);
        if (event !== undefined) return event;
      }
    } catch (error) {
      throw this.#protocolError(error);
    }
  }

  /** Starts a call; only while `canCall`. What the method's codec refuses is thrown, and nothing was sent. */
  request(name: string, method: Method, windowBytes: number, value: unknown): Call {
    if (!this.canCall)
      throw new TypeError(`Cannot call ${name}: the session is ${this.#state} or has its calls`);
    return this.#made.request(name, method, windowBytes, value);
  }

  /** Gives up on a call made here. It ends with the other side's last word, which is not reported. */
  cancel(call: Call): void {
    this.#made.cancel(call);
  }

  /** Lets the other side send so many bytes more. */
  grant(call: Call, bytes: number): void {
    this.#made.grant(call, bytes);
  }

  /** Answers a unary call. What the codec refuses is thrown, and nothing was sent. */
  respond(call: Call, value: unknown): void {
    this.#served.respond(call, value);
    this.#settle();
  }

  /** Sends one item; only while `call.balance` is above zero. What the codec refuses is thrown, and nothing was sent. */
  sendItem(call: Call, value: unknown): void {
    this.#served.sendItem(call, value);
  }

  /** Ends a stream in good order. */
  end(call: Call): void {
    this.#served.end(call);
    this.#settle();
  }

  /** Answers a call with an error. */
  fail(call: Call, error: ErrorBody): void {
    this.#served.fail(call, error);
    this.#settle();
  }

  /** Asks for a sign of life; after a question it asks that again, for the other side need answer only the last ping. */
  ping(): void {
    this.#output.add(this.#questions === 0 ? pingFrame() : pingFrame(this.#questions));
  }

  /** Asks how far the other side has read; answers the question's number, which an `arrived` event will have, or a higher one. */
  askArrival(): number {
    this.#questions += 1;
    this.#output.add(pingFrame(this.#questions));
    return this.#questions;
  }

  /** Announces that no further call will be made here. Calls that run on either side come to their end. */
  goodbye(): void {
    this.#change('goodbye_sent');
    this.#output.add(goodbyeFrame());
  }

  /** Ends the session at once and, as far as it still can, tells the other side why. */
  abort(error: ErrorBody): void {
    if (this.#state === 'closed' || this.#state === 'failed') return;
    this.#change('failed');
    this.#output.add(goodbyeFrame({ code: error.code, message: cutMessage(error.message) }));
  }

  #handleFrame(frame: Frame): SessionEvent | undefined {
    if (this.#state === 'opening') return this.#handleHello(frame);
    switch (frame.type) {
      case 'ping':
        this.#owedPong = new Uint8Array(frame.payload);
        return undefined;
      case 'pong':
        return this.#handlePong(frame);
      case 'goodbye':
        return this.#handleGoodbye(frame);
      case 'hello':
        throw new RpcError('unexpected_frame', 'Cannot accept a second hello');
      default:
        return this.#handleCall(frame);
    }
  }

  #handleHello(frame: Frame): SessionEvent {
    if (frame.type !== 'hello') {
      throw new RpcError('unexpected_frame', `Cannot accept ${frame.type}: the first frame must be hello`);
    }
    const hello = readHello(frame.payload);
    const version = chooseVersion(spokenVersions, hello);
    this.#callsAllowed = Math.min(this.#callsAllowed, hello.callsInFlight);
    this.#change('hello_received');
    return { kind: 'opened', version };
  }

  #handlePong(frame: Frame): SessionEvent | undefined {
    const question = readPong(frame.payload);
    if (question === undefined) return undefined;
    if (question <= this.#questions) return { kind: 'arrived', question };
    throw new RpcError('unexpected_frame', `Cannot accept a pong to ping ${question}: there was none`);
  }

  #handleGoodbye(frame: Frame): SessionEvent {
    const { error } = readGoodbye(frame.payload);
    if (error !== undefined) {
      this.#change('failed');
      throw new RpcError(error.code, error.message, { remote: true });
    }
    if (this.#state !== 'open' && this.#state !== 'leaving') {
      throw new RpcError('unexpected_frame', 'Cannot accept a second goodbye');
    }
    if (this.#state === 'open') this.#output.add(goodbyeFrame());
    this.#change('goodbye_exchanged');
    this.#settle();
    return { kind: 'goodbye' };
  }

  #handleCall(frame: Frame): SessionEvent | undefined {
    const envelope = readEnvelope(frame.payload);
    if (envelope.kind === 'cancel' || envelope.kind === 'credit')
      return this.#served.accept(frame.type, envelope);
    if (envelope.kind === 'request') {
      if (mayBeCalled(this.#state)) return this.#served.acceptRequest(frame.type, envelope);
      throw new RpcError('unexpected_frame', `Cannot accept a call of ${frame.type} after goodbye`);
    }
    const event = this.#made.accept(frame, envelope);
    this.#settle();
    return event;
  }

  #change(move: SessionMove): void {
    const state = nextSessionState(this.#state, move);
    if (state === undefined) throw new TypeError(`Cannot make ${move}: the session is ${this.#state}`);
    this.#state = state;
  }

  /** Both sides said goodbye and no call runs: the end. */
  #settle(): void {
    if (this.#state === 'draining' && this.#made.size === 0 && this.#served.size === 0)
      this.#change('drained');
  }

  #protocolError(error: unknown): unknown {
    const failure =
      error instanceof FrameError ? new RpcError('bad_frame', error.message, { cause: error }) : error;
    if (failure instanceof RpcError && !failure.remote) this.abort(failure);
    return failure;
  }
}
