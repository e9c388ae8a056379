/**
 * The protocol of one connection, without any I/O: bytes in and events out, calls in and bytes out, as in h11.
 *
 * It knows what may be sent and received when (the tables of `session-state.ts` and `call-state.ts`), numbers calls,
 * counts credit and refuses what breaks the rules. It runs no handler, keeps no promise and has no clock. A protocol
 * error by the other side is thrown by `nextEvent` and is final; a mistake of our own is a TypeError and changes nothing.
 */
import type { Frame, FrameDecoder, Reader } from '@minitorrent/wire-codec';
import { createFrameDecoder, FrameError } from '@minitorrent/wire-codec';
import type { CallMove } from './call-state.ts';
import type { Call, CallTable } from './call-table.ts';
import { createCallTable } from './call-table.ts';
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
  spokenVersions,
} from './control-frames.ts';
import type { Envelope } from './envelope.ts';
import { EnvelopeWriter, readEnvelope } from './envelope.ts';
import { RpcError } from './errors.ts';
import { createFrameQueue } from './frame-queue.ts';
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
}

/** What the bytes of the other side mean. `request` to `credit` carry the call as it is after the event. */
export type SessionEvent =
  | { readonly kind: 'opened'; readonly version: number }
  | { readonly kind: 'request'; readonly call: Call; readonly body: Reader }
  | { readonly kind: 'response'; readonly call: Call; readonly body: Reader }
  | { readonly kind: 'error'; readonly call: Call; readonly error: ErrorBody }
  | { readonly kind: 'item'; readonly call: Call; readonly body: Reader; readonly payloadBytes: number }
  | { readonly kind: 'end'; readonly call: Call }
  | { readonly kind: 'cancel'; readonly call: Call }
  | { readonly kind: 'credit'; readonly call: Call }
  | { readonly kind: 'goodbye' };

/** The protocol of one connection. A new one has its `hello` ready to be sent. */
export class Session {
  readonly #options: SessionOptions;
  readonly #decoder: FrameDecoder;
  readonly #writer = new EnvelopeWriter();
  readonly #output = createFrameQueue();
  readonly #made: CallTable = createCallTable();
  readonly #served: CallTable = createCallTable();
  #state: SessionState = 'opening';
  #callsAllowed: number;
  #nextId = 1;
  #lastServedId = 0;
  #owesPong = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#callsAllowed = options.callsInFlight;
    this.#decoder = createFrameDecoder({ maxPayloadBytes: options.maxPayloadBytes });
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

  /** Whether `takeOutput` has something. */
  get hasOutput(): boolean {
    return this.#owesPong || this.#output.byteLength > 0;
  }

  /** Everything that is to be sent, in order, as parts for one vectored write. Any number of pings gets one pong. */
  takeOutput(): Uint8Array[] {
    if (this.#owesPong) this.#output.add(pongFrame());
    this.#owesPong = false;
    return this.#output.take();
  }

  /** Takes bytes of the other side; then call `nextEvent` until it answers undefined. */
  receive(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
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

  /** Starts a call. What the method's codec refuses is thrown, and nothing was sent. */
  request(name: string, method: Method, windowBytes: number, value: unknown): Call {
    if (!this.canCall)
      throw new TypeError(`Cannot call ${name}: the session is ${this.#state} or has its calls`);
    const parts = this.#writer.request(name, this.#nextId, windowBytes, method.request, value);
    this.#output.add(parts);
    return this.#made.add(this.#nextId++, name, method, windowBytes);
  }

  /** Gives up on a call made here. The call ends with the other side's last word, which is not reported. */
  cancel(call: Call): void {
    this.#makeMove(this.#made, call, 'cancel');
    this.#output.add(this.#writer.cancel(call.name, call.id));
  }

  /** Lets the other side send so many bytes more. */
  grant(call: Call, bytes: number): void {
    this.#makeMove(this.#made, call, 'credit');
    this.#made.grant(call, bytes);
    this.#output.add(this.#writer.credit(call.name, call.id, bytes));
  }

  /** Answers a unary call. What the codec refuses is thrown, and nothing was sent. */
  respond(call: Call, value: unknown): void {
    if (call.method?.kind !== 'unary')
      throw new TypeError(`Cannot answer ${call.name}: it is not a unary method`);
    const parts = this.#writer.response(call.name, call.id, call.method.response, value);
    this.#makeMove(this.#served, call, 'response');
    this.#output.add(parts);
    this.#settle();
  }

  /** Sends one item; only while the balance is above zero. What the codec refuses is thrown, and nothing was sent. */
  sendItem(call: Call, value: unknown): void {
    if (call.method?.kind !== 'stream')
      throw new TypeError(`Cannot send items of ${call.name}: it is no stream`);
    const parts = this.#writer.item(call.name, call.id, call.method.item, value);
    this.#makeMove(this.#served, call, 'item');
    if (!this.#served.spend(call, this.#writer.payloadBytes)) {
      throw new TypeError(`Cannot send an item of ${call.name}: there is no credit`);
    }
    this.#output.add(parts);
  }

  /** Ends a stream in good order. */
  end(call: Call): void {
    this.#makeMove(this.#served, call, 'end');
    this.#output.add(this.#writer.end(call.name, call.id));
    this.#settle();
  }

  /** Answers a call with an error. */
  fail(call: Call, error: ErrorBody): void {
    this.#makeMove(this.#served, call, 'error');
    this.#output.add(
      this.#writer.error(call.name, call.id, { ...error, message: cutMessage(error.message) }),
    );
    this.#settle();
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#output.add(pingFrame());
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
        this.#owesPong = true;
        return undefined;
      case 'pong':
        return undefined;
      case 'goodbye':
        return this.#handleGoodbye(frame);
      case 'hello':
        throw new RpcError('unexpected_frame', 'Cannot accept a second hello');
      default:
        return this.#handleEnvelope(frame, readEnvelope(frame.payload));
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

  #handleGoodbye(frame: Frame): SessionEvent {
    const { error } = readGoodbye(frame.payload);
    if (error !== undefined) {
      this.#change('failed');
      throw new RpcError(error.code, error.message, { remote: true });
    }
    if (this.#state === 'open') this.#output.add(goodbyeFrame());
    this.#change('goodbye_exchanged');
    this.#settle();
    return { kind: 'goodbye' };
  }

  #handleEnvelope(frame: Frame, envelope: Envelope): SessionEvent | undefined {
    switch (envelope.kind) {
      case 'request':
        return this.#handleRequest(frame.type, envelope);
      case 'cancel':
      case 'credit':
        return this.#handleCaller(frame.type, envelope);
      default:
        return this.#handleCallee(frame, envelope);
    }
  }

  #handleRequest(name: string, envelope: RequestEnvelope): SessionEvent {
    const { id, windowBytes, body } = envelope;
    if (!mayBeCalled(this.#state)) {
      throw new RpcError('unexpected_frame', `Cannot accept a call of ${name} after goodbye`);
    }
    if (id <= this.#lastServedId) {
      throw new RpcError(
        'bad_call_id',
        `Cannot accept call ${id} of ${name}: the last one was ${this.#lastServedId}`,
      );
    }
    if (this.#served.size >= this.#options.callsInFlight) {
      throw new RpcError(
        'too_many_calls',
        `Cannot serve more than ${this.#options.callsInFlight} calls at once`,
      );
    }
    this.#lastServedId = id;
    const call = this.#served.add(id, name, this.#options.methodServed(name), windowBytes);
    return { kind: 'request', call, body };
  }

  /** What a caller says about its call. The call may have ended here while the frame was under way. */
  #handleCaller(name: string, envelope: CallerEnvelope): SessionEvent | undefined {
    const { kind, id } = envelope;
    const call = this.#served.get(id);
    if (call === undefined && id <= this.#lastServedId) return undefined;
    const known = checkMove(this.#served, call, name, envelope);
    if (kind === 'credit' && !this.#served.grant(known, envelope.bytes)) {
      throw new RpcError('credit_exceeded', `Cannot count the credit of ${name}: it exceeds 2^53-1`);
    }
    return { kind, call: known };
  }

  /** What a callee answers. A call that was cancelled here gets its answers too; they are counted and dropped. */
  #handleCallee(frame: Frame, envelope: CalleeEnvelope): SessionEvent | undefined {
    const before = this.#made.get(envelope.id);
    const isWanted = before?.state === 'open';
    const call = checkMove(this.#made, before, frame.type, envelope);
    const payloadBytes = frame.payload.length;
    if (envelope.kind === 'item' && !this.#made.spend(call, payloadBytes)) {
      throw new RpcError('credit_exceeded', `Cannot accept an item of ${call.name}: there was no credit`);
    }
    this.#settle();
    return isWanted ? calleeEvent(call, envelope, payloadBytes) : undefined;
  }

  #makeMove(table: CallTable, call: Call, move: CallMove): void {
    if (!table.move(call, move))
      throw new TypeError(`Cannot make ${move} of ${call.name}: the call is ${call.state}`);
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

type RequestEnvelope = Extract<Envelope, { kind: 'request' }>;
type CallerEnvelope = Extract<Envelope, { kind: 'cancel' | 'credit' }>;
type CalleeEnvelope = Exclude<Envelope, { kind: 'request' | 'cancel' | 'credit' }>;

/** Makes the other side's move; fails when there is no such call or the move is not its to make now. */
function checkMove(
  table: CallTable,
  call: Call | undefined,
  name: string,
  envelope: CallerEnvelope | CalleeEnvelope,
): Call {
  if (call === undefined || call.name !== name) {
    throw new RpcError(
      'unknown_call',
      `Cannot accept ${envelope.kind} of ${name}: there is no call ${envelope.id}`,
    );
  }
  if (!table.move(call, envelope.kind)) {
    throw new RpcError(
      'unexpected_frame',
      `Cannot accept ${envelope.kind} of ${name}: the call is ${call.state}`,
    );
  }
  return call;
}

function calleeEvent(call: Call, envelope: CalleeEnvelope, payloadBytes: number): SessionEvent {
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
