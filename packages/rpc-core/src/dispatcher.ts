/**
 * The calls that one connection serves: runs the handlers and brings each call to exactly one last word.
 *
 * What affects when something is sent: a request is not handed to its handler, a response is not sent and a stream's
 * `next()` is not called while the output is congested; `next()` waits for credit besides. A cancelled call gets its
 * last word only when its handler is done, so that it counts against the calls in flight as long as it costs anything.
 */
import type { Reader } from '@minitorrent/wire-codec';
import { CallMap } from './call-map.ts';
import type { Call } from './call-table.ts';
import type { Connection } from './connection.ts';
import { describeError, isMeantForCaller, RpcError } from './errors.ts';
import type { ServedMethod } from './handlers.ts';
import { IncomingRun } from './incoming-run.ts';
import type { Log } from './log.ts';
import type { Output } from './output.ts';
import { readBody } from './pending-call.ts';
import type { Session } from './session.ts';

/** What a dispatcher works on. */
export interface DispatcherOptions {
  readonly session: Session;
  readonly output: Output;
  readonly connection: Connection;
  readonly methods: ReadonlyMap<string, ServedMethod>;
  readonly log: Log;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #runs = new CallMap<IncomingRun>();
  /** Requests that arrived while the output was congested, in order. */
  readonly #held = new Map<number, { readonly call: Call; readonly body: Reader }>();
  #isStopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Calls whose handlers run or wait. */
  get servedCalls(): number {
    return this.#runs.size + this.#held.size;
  }

  /** A request arrived. */
  request(call: Call, body: Reader): void {
    const { output } = this.#options;
    if (output.isCongested) this.#hold(call, body);
    else this.#dispatch(call, body);
  }

  /** The caller gave up. */
  cancel(call: Call): void {
    const reason = gaveUp(call.name);
    if (this.#held.delete(call.id)) this.#fail(call, reason);
    else this.#runs.get(call.id)?.stop(reason);
  }

  /** The caller granted credit. */
  credit(call: Call): void {
    this.#runs.get(call.id)?.wake();
  }

  /** The connection is gone: handlers are told, answers go nowhere. */
  stopAll(reason: RpcError): void {
    this.#isStopped = true;
    this.#held.clear();
    for (const run of this.#runs.values()) run.stop(reason);
  }

  #hold(call: Call, body: Reader): void {
    this.#held.set(call.id, { call, body });
    if (this.#held.size === 1) this.#options.output.whenDrained(() => this.#dispatchHeld());
  }

  #dispatchHeld(): void {
    for (const [id, { call, body }] of this.#held) {
      if (this.#options.output.isCongested) {
        this.#options.output.whenDrained(() => this.#dispatchHeld());
        return;
      }
      this.#held.delete(id);
      this.#dispatch(call, body);
    }
  }

  #dispatch(call: Call, body: Reader): void {
    const served = this.#options.methods.get(call.name);
    if (served === undefined) {
      this.#fail(call, new RpcError('unimplemented', `${call.name} is not served here`));
      return;
    }
    try {
      const request = readBody(served.method.request, body);
      const run = new IncomingRun(call, served, request, this.#options.connection);
      this.#runs.add(call.id, run);
      void this.#serve(run);
    } catch (error) {
      const message = `Cannot read the request of ${call.name}: ${describeError(error)}`;
      this.#fail(call, new RpcError('bad_request', message));
    }
  }

  /** Never rejects: every failure is the call's answer. */
  async #serve(run: IncomingRun): Promise<void> {
    const { served } = run;
    try {
      if (served.method.kind === 'stream') {
        await this.#around(run, () => this.#pump(run));
        this.#conclude(run, () => this.#options.session.end(run.call));
        return;
      }
      let response: unknown;
      if (served.interceptors.length === 0) response = await served.handle(run.request, run);
      else {
        await this.#around(run, async () => {
          response = await served.handle(run.request, run);
        });
      }
      while (this.#options.output.isCongested && !run.isOver) await this.#drained();
      this.#conclude(run, () => this.#options.session.respond(run.call, response));
    } catch (error) {
      this.#failRun(run, error);
    }
  }

  /** Runs `handle` inside the interceptors. */
  #around(run: IncomingRun, handle: () => Promise<void>): Promise<void> {
    const onion = run.served.interceptors.reduceRight<() => Promise<void>>(
      (next, interceptor) => async () => interceptor(run, next),
      handle,
    );
    return onion();
  }

  /** Sends what the handler yields, as fast as credit and the channel allow. */
  async #pump(run: IncomingRun): Promise<void> {
    // `serve` has checked the handlers against the contract: a stream's handler answers an async iterable.
    const items = run.served.handle(run.request, run) as AsyncIterable<unknown>;
    const iterator = items[Symbol.asyncIterator]();
    run.iterator = iterator;
    const { output } = this.#options;
    while (this.#maySend(run) || (await this.#waitToSend(run))) {
      const result = await iterator.next();
      if (result.done === true) return;
      // Other streams may have filled the channel since this one was asked. Nothing may come between this check and sending.
      while (output.isCongested && !run.isOver) await this.#drained();
      if (!run.isOver) this.#sendItem(run, result.value);
    }
    await run.stopIterator();
  }

  #sendItem(run: IncomingRun, value: unknown): void {
    try {
      this.#options.session.sendItem(run.call, value);
    } catch (error) {
      void run.stopIterator();
      throw error;
    }
    this.#options.output.flushSoon();
  }

  #maySend(run: IncomingRun): boolean {
    return !run.isOver && run.call.balance > 0 && !this.#options.output.isCongested;
  }

  /** Waits until an item may be produced; false when nobody wants one any more. */
  async #waitToSend(run: IncomingRun): Promise<boolean> {
    while (!run.isOver && !this.#maySend(run)) {
      if (this.#options.output.isCongested) await this.#drained();
      else await run.credit();
    }
    return !run.isOver;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => this.#options.output.whenDrained(resolve));
  }

  #conclude(run: IncomingRun, lastWord: () => void): void {
    if (run.isOver) throw gaveUp(run.method);
    lastWord();
    this.#runs.delete(run.call.id);
    this.#options.output.flushSoon();
  }

  #failRun(run: IncomingRun, error: unknown): void {
    this.#runs.delete(run.call.id);
    this.#fail(run.call, this.#answerFor(run, error));
  }

  /** What the caller is told of a failure. */
  #answerFor(run: IncomingRun, error: unknown): RpcError {
    if (run.isOver) return gaveUp(run.method);
    if (isMeantForCaller(error)) return error;
    this.#options.log({ kind: 'handler_failed', method: run.method, error });
    return new RpcError('internal', `The handler of ${run.method} failed`);
  }

  #fail(call: Call, error: RpcError): void {
    if (this.#isStopped) return;
    this.#options.session.fail(call, error);
    this.#options.output.flushSoon();
  }
}

function gaveUp(method: string): RpcError {
  return new RpcError('cancelled', `The caller of ${method} gave up`);
}
