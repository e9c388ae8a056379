/**
 * The calls that one connection makes: starts them as the session and the output allow, keeps the rest waiting in order,
 * and brings each to exactly one end.
 */
import { CallMap } from './call-map.ts';
import type { Clock } from './clock.ts';
import type { CallOptions, StreamMethod, StreamOptions, UnaryMethod } from './contract.ts';
import { createCreditReturn } from './credit.ts';
import { describeError, RpcError } from './errors.ts';
import { ItemStream } from './item-stream.ts';
import type { RpcLimits } from './limits.ts';
import type { Output } from './output.ts';
import type { PendingCall } from './pending-call.ts';
import { badResponse, PendingStream, PendingUnary, readBody } from './pending-call.ts';
import type { Session } from './session.ts';
import type { AnswerEvent } from './session-events.ts';
import { watchForEnd } from './signals.ts';

/** What a caller works on. */
export interface CallerOptions {
  readonly session: Session;
  readonly output: Output;
  readonly clock: Clock;
  readonly limits: RpcLimits;
  /** Told of bytes that lie unread in streams: more when items arrive, less when they are read. */
  readonly onUnread: (changeBytes: number) => void;
}

export class Caller {
  readonly #options: CallerOptions;
  readonly #running = new CallMap<PendingCall>();
  readonly #waiting = new Set<PendingCall>();
  #refusal: RpcError | undefined;
  #isDead = false;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Calls that run or wait for their turn. */
  get pendingCalls(): number {
    return this.#running.size + this.#waiting.size;
  }

  unary(
    name: string,
    method: UnaryMethod<unknown, unknown>,
    request: unknown,
    options: CallOptions | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      options?.signal?.throwIfAborted();
      const pending = new PendingUnary(name, method, request, { resolve, reject });
      this.#submit(pending);
      if (options !== undefined) this.#watch(pending, options);
    });
  }

  /** The call is made when the iteration begins; the answer can be iterated once. */
  stream(
    name: string,
    method: StreamMethod<unknown, unknown>,
    request: unknown,
    options: StreamOptions = {},
  ): AsyncIterable<unknown> {
    let isStarted = false;
    return {
      [Symbol.asyncIterator]: () => {
        if (isStarted) throw new TypeError(`Cannot iterate the answer to ${name} twice: make another call`);
        isStarted = true;
        return this.#startStream(name, method, request, options);
      },
    };
  }

  /** An answer arrived. */
  handle(event: AnswerEvent): void {
    const pending = this.#running.get(event.call.id);
    if (pending === undefined) return;
    if (event.kind === 'item') {
      if (pending instanceof PendingStream) this.#receiveItem(pending, event);
      return;
    }
    this.#forget(pending);
    if (event.kind === 'error') {
      pending.fail(new RpcError(event.error.code, event.error.message, { remote: true }));
    } else if (event.kind === 'response' && pending instanceof PendingUnary) {
      pending.respond(event.body);
    } else if (pending instanceof PendingStream) {
      pending.items.end();
    }
  }

  /** Starts as many waiting calls as may be started now. */
  startWaiting(): void {
    for (const pending of this.#waiting) {
      if (!this.#mayStart()) return;
      this.#waiting.delete(pending);
      this.#start(pending);
    }
  }

  /** From now on no call is made; those that wait fail with `error`, those that run go on. */
  refuse(error: RpcError): void {
    this.#refusal ??= error;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const pending of waiting) this.#settleLost(pending, error);
  }

  /** The connection is gone: every call fails with `error`. */
  failAll(error: RpcError): void {
    this.#isDead = true;
    this.refuse(error);
    this.#refusal = new RpcError('closed', 'The connection is closed', { cause: error });
    const running = this.#running.values();
    this.#running.clear();
    for (const pending of running) this.#settleLost(pending, error);
  }

  #settleLost(pending: PendingCall, error: RpcError): void {
    pending.stopWatching?.();
    pending.fail(error);
  }

  #submit(pending: PendingCall): void {
    const waiting = this.#waiting;
    if (this.#refusal !== undefined) pending.fail(this.#refusal);
    else if (waiting.size === 0 && this.#mayStart()) this.#start(pending);
    else if (waiting.size < this.#options.limits.waitingCalls) waiting.add(pending);
    else
      pending.fail(new RpcError('too_many_calls', `Cannot call ${pending.name}: ${waiting.size} calls wait`));
  }

  #mayStart(): boolean {
    return this.#options.session.canCall && !this.#options.output.isCongested;
  }

  #start(pending: PendingCall): void {
    const { session, output } = this.#options;
    try {
      pending.call = session.request(pending.name, pending.method, pending.windowBytes, pending.request);
    } catch (cause) {
      const message = `Cannot call ${pending.name}: ${describeError(cause)}`;
      this.#settleLost(pending, new RpcError('bad_request', message, { cause }));
      return;
    }
    this.#running.add(pending.call.id, pending);
    output.flushSoon();
  }

  #watch(pending: PendingCall, options: CallOptions): void {
    if (options.signal === undefined && options.timeoutMs === undefined) return;
    if (!this.#isPending(pending)) return;
    pending.stopWatching = watchForEnd(options, this.#options.clock, pending.name, (reason) => {
      this.#giveUp(pending);
      if (pending instanceof PendingStream) pending.items.abandon(reason);
      else pending.fail(reason);
    });
  }

  #isPending(pending: PendingCall): boolean {
    return this.#waiting.has(pending) || pending.call?.state === 'open';
  }

  /** Stops waiting for an answer and tells the other side. */
  #giveUp(pending: PendingCall): void {
    this.#forget(pending);
    if (pending.call?.state !== 'open' || this.#isDead) return;
    this.#options.session.cancel(pending.call);
    this.#options.output.flushSoon();
  }

  #forget(pending: PendingCall): void {
    pending.stopWatching?.();
    this.#waiting.delete(pending);
    if (pending.call !== undefined) this.#running.delete(pending.call.id);
  }

  #startStream(
    name: string,
    method: StreamMethod<unknown, unknown>,
    request: unknown,
    options: StreamOptions,
  ): ItemStream {
    const { windowBytes = this.#options.limits.streamWindowBytes } = options;
    if (!Number.isSafeInteger(windowBytes) || windowBytes < 1) {
      throw new RangeError(
        `Cannot give ${name} a window of ${windowBytes} bytes: wanted a whole number, at least 1`,
      );
    }
    const credit = createCreditReturn(windowBytes);
    const items = new ItemStream({
      read: (payloadBytes) => {
        this.#options.onUnread(-payloadBytes);
        this.#grant(pending, credit.consumed(payloadBytes));
      },
      left: () => this.#giveUp(pending),
    });
    const pending: PendingStream = new PendingStream(name, method, request, { windowBytes, items });
    if (options.signal?.aborted) {
      items.fail(options.signal.reason);
      return items;
    }
    this.#submit(pending);
    this.#watch(pending, options);
    return items;
  }

  #grant(pending: PendingStream, bytes: number): void {
    if (bytes === 0 || pending.call?.state !== 'open' || this.#isDead) return;
    this.#options.session.grant(pending.call, bytes);
    this.#options.output.flushSoon();
  }

  #receiveItem(pending: PendingStream, event: Extract<AnswerEvent, { kind: 'item' }>): void {
    try {
      const value = readBody(pending.method.item, event.body);
      this.#options.onUnread(event.payloadBytes);
      pending.items.push(value, event.payloadBytes);
    } catch (cause) {
      this.#giveUp(pending);
      pending.fail(badResponse(pending.name, cause));
    }
  }
}
