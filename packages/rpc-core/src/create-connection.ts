/**
 * Puts a connection together: channel, session, output, calls made, calls served, watchdog; and decides how it ends.
 *
 * What ends it: a protocol error, silence or dawdling of the other side, overflowing output, the channel's end or close,
 * `abort()`, or `close()` once both sides said goodbye and no call runs. Whatever comes first decides the reason.
 */
import { Caller } from './caller.ts';
import type { Channel } from './channel.ts';
import { createClient } from './client.ts';
import type { Clock } from './clock.ts';
import type { CloseReason, Connection } from './connection.ts';
import type { Client, Contract } from './contract.ts';
import { Dispatcher } from './dispatcher.ts';
import { describeError, RpcError } from './errors.ts';
import type { Served } from './handlers.ts';
import { mergeServed } from './handlers.ts';
import type { RpcLimits } from './limits.ts';
import { resolveLimits } from './limits.ts';
import type { Log } from './log.ts';
import type { Defer, Output } from './output.ts';
import { createOutput } from './output.ts';
import type { PayloadLimits } from './payload-limits.ts';
import { createPayloadLimits } from './payload-limits.ts';
import type { SessionEvent } from './session.ts';
import { Session } from './session.ts';
import type { Watchdog } from './watchdog.ts';
import { createWatchdog } from './watchdog.ts';

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  /** What is served to the other side. */
  readonly serve?: readonly Served[];
  readonly limits?: Partial<RpcLimits>;
  /** The other side needs no `authenticate()`: full payload limits from the start. */
  readonly trusted?: boolean;
  /** Told once when `authenticate()` is called. */
  readonly onAuthenticated?: () => void;
  readonly onLog?: Log;
  /** Runs a task soon, to gather writes; `queueMicrotask` unless told otherwise. */
  readonly defer?: Defer;
}

/** Starts a connection over a channel that is not started yet. */
export function createConnection(options: ConnectionOptions): Connection {
  return new ChannelConnection(options);
}

class ChannelConnection implements Connection {
  readonly opened: Promise<void>;
  readonly closed: Promise<CloseReason>;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #limits: RpcLimits;
  readonly #log: Log;
  readonly #onAuthenticated: () => void;
  readonly #payloadLimits: PayloadLimits;
  readonly #session: Session;
  readonly #output: Output;
  readonly #caller: Caller;
  readonly #dispatcher: Dispatcher;
  readonly #watchdog: Watchdog;
  readonly #over = new AbortController();
  readonly #opening: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #closing: PromiseWithResolvers<CloseReason> = Promise.withResolvers();
  #isAuthenticated: boolean;
  #isLeaving = false;
  #reason: CloseReason | undefined;
  #unreadBytes = 0;
  #isPaused = false;
  #stopTimer: () => void;

  constructor(options: ConnectionOptions) {
    const { channel, clock, serve = [], trusted = false, defer = queueMicrotask } = options;
    this.#channel = channel;
    this.#clock = clock;
    this.#limits = resolveLimits(options.limits);
    this.#log = options.onLog ?? (() => {});
    this.#onAuthenticated = options.onAuthenticated ?? (() => {});
    this.#isAuthenticated = trusted;
    this.opened = this.#opening.promise;
    this.closed = this.#closing.promise;
    // Who does not wait for `opened` learns of a failure from `closed` and from each call.
    this.opened.catch(() => {});
    const methods = mergeServed(serve);
    const limits = this.#limits;
    this.#payloadLimits = createPayloadLimits(limits, methods, { trusted });
    const session = new Session({
      callsInFlight: limits.callsInFlight,
      maxPayloadBytes: (type) => this.#payloadLimits.maxPayloadBytes(type),
      methodServed: (name) => methods.get(name)?.method,
    });
    const output = createOutput({
      channel,
      session,
      limits,
      defer,
      onFlushed: () => this.#endWhenDone(),
      onOverflow: (error) => this.abort(error),
    });
    this.#session = session;
    this.#output = output;
    this.#caller = new Caller({
      session,
      output,
      clock,
      limits,
      onUnread: (change) => this.#countUnread(change),
    });
    this.#dispatcher = new Dispatcher({ session, output, methods, connection: this, log: this.#log });
    this.#watchdog = createWatchdog({
      clock,
      limits,
      onSilence: () => this.#ping(),
      onDead: (error) => this.abort(error),
    });
    this.#stopTimer = clock.schedule(limits.helloMs, () =>
      this.abort(
        new RpcError('handshake_timeout', `The other side said nothing within ${limits.helloMs} ms`),
      ),
    );
    channel.start({
      bytes: (chunk) => this.#receive(chunk),
      drain: () => this.#drained(),
      end: () => this.#ended(),
      close: (error) => this.#channelClosed(error),
    });
    output.flushSoon();
  }

  get remote(): Channel['info'] {
    return this.#channel.info;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  get pendingCalls(): number {
    return this.#caller.pendingCalls;
  }

  get servedCalls(): number {
    return this.#dispatcher.servedCalls;
  }

  client<C extends Contract>(contract: C): Client<C> {
    this.#payloadLimits.expectAnswers(contract);
    return createClient(contract, this.#caller);
  }

  authenticate(): void {
    if (this.#isAuthenticated) return;
    this.#isAuthenticated = true;
    this.#payloadLimits.trust();
    this.#onAuthenticated();
  }

  async close(options?: { readonly signal?: AbortSignal }): Promise<void> {
    const cutShort = () => this.abort(new RpcError('closed', 'The connection was closed on this side'));
    const signal = options?.signal;
    if (signal?.aborted) cutShort();
    signal?.addEventListener('abort', cutShort, { once: true });
    try {
      this.#leave();
      await this.closed;
    } finally {
      signal?.removeEventListener('abort', cutShort);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  abort(error: RpcError = new RpcError('closed', 'The connection was aborted on this side')): void {
    if (this.#reason !== undefined) return;
    this.#session.abort(error);
    this.#output.flush();
    this.#conclude({ kind: 'failed', error });
    this.#endChannel();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#reason !== undefined) return;
    this.#session.receive(chunk);
    try {
      this.#handleEvents();
    } catch (error) {
      this.#protocolError(error);
      return;
    }
    this.#watchdog.heard(chunk.length, this.#session.partialBytes);
    this.#caller.startWaiting();
    this.#output.flushSoon();
  }

  #handleEvents(): void {
    while (this.#reason === undefined) {
      const event = this.#session.nextEvent();
      if (event === undefined) return;
      this.#handle(event);
    }
  }

  #handle(event: SessionEvent): void {
    switch (event.kind) {
      case 'opened':
        this.#stopTimer();
        this.#opening.resolve();
        if (this.#isLeaving) this.#session.goodbye();
        break;
      case 'request':
        this.#dispatcher.request(event.call, event.body);
        break;
      case 'cancel':
        this.#dispatcher.cancel(event.call);
        break;
      case 'credit':
        this.#dispatcher.credit(event.call);
        break;
      case 'goodbye':
        this.#caller.refuse(new RpcError('closed', 'The other side is closing the connection'));
        break;
      default:
        this.#caller.handle(event);
    }
  }

  /** The session has failed and its goodbye is ready, unless the other side failed first. */
  #protocolError(error: unknown): void {
    const failure =
      error instanceof RpcError ? error : new RpcError('internal', describeError(error), { cause: error });
    this.#output.flush();
    this.#conclude({ kind: 'failed', error: failure });
    this.#endChannel();
  }

  #leave(): void {
    if (this.#isLeaving || this.#reason !== undefined) return;
    this.#isLeaving = true;
    this.#caller.refuse(new RpcError('closed', 'The connection was closed on this side'));
    if (this.#session.state === 'open') this.#session.goodbye();
    this.#output.flushSoon();
    if (this.#session.state === 'opening') return;
    this.#stopTimer = this.#clock.schedule(this.#limits.drainMs, () =>
      this.abort(drainTimeout(this.#limits)),
    );
  }

  /** After each write: both sides are done, so the channel may end. */
  #endWhenDone(): void {
    if (this.#session.state !== 'closed' || this.#reason !== undefined || this.#session.hasOutput) return;
    this.#conclude({ kind: this.#isLeaving ? 'local' : 'remote' });
    this.#endChannel();
  }

  #endChannel(): void {
    this.#channel.end();
    this.#stopTimer = this.#clock.schedule(this.#limits.lingerMs, () => this.#channel.destroy());
  }

  /** From here on no call can end but by this. */
  #conclude(reason: CloseReason): void {
    this.#reason = reason;
    this.#stopTimer();
    this.#watchdog.stop();
    this.#output.stop();
    const error = lost(reason);
    this.#opening.reject(error);
    this.#caller.failAll(error);
    this.#dispatcher.stopAll(error);
    this.#over.abort(error);
    if (reason.kind !== 'failed') return;
    this.#log({ kind: 'connection_failed', remote: this.#channel.info.remote, error: reason.error });
  }

  #drained(): void {
    this.#output.drained();
    this.#caller.startWaiting();
  }

  /** The other side has ended its direction: in good order after the goodbyes, otherwise a loss. */
  #ended(): void {
    this.#output.flush();
    if (this.#reason !== undefined) return;
    this.#conclude({
      kind: 'failed',
      error: new RpcError('connection_lost', 'The other side ended the connection'),
    });
    this.#channel.destroy();
  }

  #channelClosed(cause: Error | undefined): void {
    if (this.#reason === undefined) {
      const error = new RpcError(
        'connection_lost',
        'The connection broke off',
        cause === undefined ? {} : { cause },
      );
      this.#conclude({ kind: 'failed', error });
    }
    this.#stopTimer();
    if (this.#reason !== undefined) this.#closing.resolve(this.#reason);
  }

  #ping(): void {
    this.#session.ping();
    this.#output.flushSoon();
  }

  /** Pauses the channel while more than the limit lies unread, and goes on at half of it. */
  #countUnread(changeBytes: number): void {
    this.#unreadBytes += changeBytes;
    const limit = this.#limits.queuedInputBytes;
    if (!this.#isPaused && this.#unreadBytes > limit) {
      this.#isPaused = true;
      this.#watchdog.paused();
      this.#channel.pause();
    } else if (this.#isPaused && this.#unreadBytes <= limit / 2) {
      this.#isPaused = false;
      this.#watchdog.resumed();
      this.#channel.resume();
    }
  }
}

function drainTimeout(limits: RpcLimits): RpcError {
  return new RpcError('drain_timeout', `Calls still ran ${limits.drainMs} ms after close()`);
}

/** What calls, handlers and `signal` learn of the end. */
function lost(reason: CloseReason): RpcError {
  if (reason.kind !== 'failed') return new RpcError('connection_lost', 'The connection is closed');
  if (reason.error.code === 'connection_lost') return reason.error;
  const message = `The connection ended: ${reason.error.message}`;
  return new RpcError('connection_lost', message, { cause: reason.error });
}
