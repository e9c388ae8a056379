/**
 * Puts a connection together: channel, session, output, calls made, calls served, watchdog, ending.
 *
 * Bytes go in through `#receive`; every event of the session is handed to whom it concerns. Nothing here decides what is
 * allowed (the session does) or when it ends (`ending.ts`).
 */
import { Arrivals } from './arrivals.ts';
import { Caller } from './caller.ts';
import type { Channel } from './channel.ts';
import { createClient } from './client.ts';
import type { CloseReason, Connection, OutputProgress } from './connection.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Client, Contract } from './contract.ts';
import { Dispatcher } from './dispatcher.ts';
import { Ending } from './ending.ts';
import { describeError, RpcError } from './errors.ts';
import { mergeServed } from './handlers.ts';
import type { Intake } from './intake.ts';
import { createIntake } from './intake.ts';
import { resolveLimits } from './limits.ts';
import type { Output } from './output.ts';
import { createOutput } from './output.ts';
import type { PayloadLimits } from './payload-limits.ts';
import { createPayloadLimits } from './payload-limits.ts';
import type { BudgetShare } from './receive-budget.ts';
import { Session } from './session.ts';
import type { SessionEvent } from './session-events.ts';
import { soon } from './soon.ts';
import type { Watchdog } from './watchdog.ts';
import { createWatchdog } from './watchdog.ts';

/** Starts a connection over a channel that is not started yet. */
export function createConnection(options: ConnectionOptions): Connection {
  return new ChannelConnection(options);
}

class ChannelConnection implements Connection {
  readonly opened: Promise<void>;
  readonly #options: ConnectionOptions;
  readonly #opening: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #payloadLimits: PayloadLimits;
  readonly #session: Session;
  readonly #output: Output;
  readonly #caller: Caller;
  readonly #dispatcher: Dispatcher;
  readonly #watchdog: Watchdog;
  readonly #ending: Ending;
  readonly #intake: Intake;
  readonly #arrivals = new Arrivals();
  readonly #budgetShare: BudgetShare | undefined;
  #isAuthenticated: boolean;

  constructor(options: ConnectionOptions) {
    const { channel, clock, trusted = false, defer = soon, onLog = () => {} } = options;
    const limits = resolveLimits(options.limits);
    const methods = mergeServed(options.serve ?? []);
    this.#options = options;
    this.#isAuthenticated = trusted;
    this.opened = this.#opening.promise;
    // Who does not wait for `opened` learns of a failure from `closed` and from each call.
    this.opened.catch(() => {});
    this.#payloadLimits = createPayloadLimits(limits, methods, { trusted });
    const session = new Session({
      callsInFlight: limits.callsInFlight,
      maxPayloadBytes: (type) => this.#payloadLimits.maxPayloadBytes(type),
      methodServed: (name) => methods.get(name)?.method,
      allocate: options.allocate,
    });
    const output = createOutput({
      channel,
      session,
      limits,
      defer,
      onFlushed: () => this.#ending.finishWhenDone(),
      onOverflow: (error) => this.#ending.fail(error),
    });
    this.#session = session;
    this.#output = output;
    this.#ending = new Ending({
      channel,
      session,
      output,
      clock,
      limits,
      onConcluded: (error, reason) => this.#concluded(error, reason),
    });
    this.#watchdog = createWatchdog({
      clock,
      limits,
      onSilence: () => this.#ping(),
      onDead: (error) => this.#ending.fail(error),
    });
    this.#intake = createIntake(channel, this.#watchdog, limits.queuedInputBytes);
    this.#budgetShare = options.receiveBudget?.join(() => this.#ending.fail(receiveOverflow()));
    this.#caller = new Caller({
      session,
      output,
      clock,
      limits,
      onUnread: (change) => this.#countUnread(change),
    });
    this.#dispatcher = new Dispatcher({ session, output, methods, connection: this, log: onLog });
    channel.start({
      bytes: (chunk) => this.#receive(chunk, false),
      lentBytes: (chunk) => this.#receive(chunk, true),
      drain: () => this.#drained(),
      end: () => this.#ending.channelEnded(),
      close: (error) => this.#ending.channelClosed(error),
    });
    output.flushSoon();
  }

  get remote(): Channel['info'] {
    return this.#options.channel.info;
  }

  get closed(): Promise<CloseReason> {
    return this.#ending.closed;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  get output(): OutputProgress {
    const { madeBytes, outputBytes } = this.#session;
    return { madeBytes, takenBytes: madeBytes - outputBytes - this.#options.channel.queuedBytes };
  }

  arrival(): Promise<void> {
    if (this.#ending.isOver) return Promise.reject(this.signal.reason);
    const arrival = this.#arrivals.wait(this.#session.askArrival());
    this.#output.flushSoon();
    return arrival;
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
    this.#options.onAuthenticated?.();
  }

  async close(options?: { readonly signal?: AbortSignal }): Promise<void> {
    const signal = options?.signal;
    const cutShort = (): void => this.abort(closedHere());
    if (signal?.aborted) cutShort();
    signal?.addEventListener('abort', cutShort, { once: true });
    try {
      this.#caller.refuse(closedHere());
      this.#ending.leave();
      await this.closed;
    } finally {
      signal?.removeEventListener('abort', cutShort);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  abort(error: RpcError = closedHere()): void {
    this.#ending.fail(error);
  }

  #receive(chunk: Uint8Array, isLent: boolean): void {
    if (this.#ending.isOver) return;
    try {
      this.#session.receive(chunk, isLent);
      this.#handleEvents();
    } catch (error) {
      this.#ending.fail(asRpcError(error));
    }
    if (this.#ending.isOver) return;
    this.#watchdog.heard(chunk.length, this.#session.partialBytes);
    this.#countHeld();
    this.#caller.startWaiting();
    this.#output.flushSoon();
  }

  #handleEvents(): void {
    while (!this.#ending.isOver) {
      const event = this.#session.nextEvent();
      if (event === undefined) return;
      this.#handle(event);
    }
  }

  #handle(event: SessionEvent): void {
    switch (event.kind) {
      case 'opened':
        this.#ending.opened();
        this.#opening.resolve();
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
      case 'arrived':
        this.#arrivals.answered(event.question);
        break;
      case 'goodbye':
        this.#caller.refuse(new RpcError('closed', 'The other side is closing the connection'));
        break;
      default:
        this.#caller.handle(event);
    }
  }

  #countUnread(changeBytes: number): void {
    this.#intake.count(changeBytes);
    if (changeBytes < 0) this.#countHeld();
  }

  #countHeld(): void {
    this.#budgetShare?.set(this.#session.partialBytes + this.#intake.unreadBytes);
  }

  #drained(): void {
    this.#output.drained();
    this.#caller.startWaiting();
  }

  #ping(): void {
    this.#session.ping();
    this.#output.flushSoon();
  }

  #concluded(error: RpcError, reason: CloseReason): void {
    this.#watchdog.stop();
    this.#budgetShare?.leave();
    this.#opening.reject(error);
    this.#caller.failAll(error);
    this.#dispatcher.stopAll(error);
    this.#arrivals.failAll(error);
    if (reason.kind !== 'failed') return;
    this.#options.onLog?.({ kind: 'connection_failed', remote: this.remote.remote, error: reason.error });
  }
}

function closedHere(): RpcError {
  return new RpcError('closed', 'The connection was closed on this side');
}

function receiveOverflow(): RpcError {
  return new RpcError(
    'receive_overflow',
    'Too much has arrived that was not taken, most of it on this connection',
  );
}

function asRpcError(error: unknown): RpcError {
  return error instanceof RpcError ? error : new RpcError('internal', describeError(error), { cause: error });
}
