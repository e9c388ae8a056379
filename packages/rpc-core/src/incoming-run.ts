/**
 * One call while it is served: what its handler sees, and how it is told to stop.
 */
import type { CallKind } from './call-state.ts';
import type { Call } from './call-table.ts';
import type { Connection } from './connection.ts';
import type { RpcError } from './errors.ts';
import type { IncomingCall, ServedMethod } from './handlers.ts';

export class IncomingRun implements IncomingCall {
  readonly call: Call;
  readonly served: ServedMethod;
  readonly request: unknown;
  readonly connection: Connection;
  /** Nobody waits for the answer any more. */
  isOver = false;
  /** The handler's iterator, for streams that have begun. */
  iterator: AsyncIterator<unknown> | undefined;
  #stopped: Promise<unknown> | undefined;
  #wake: (() => void) | undefined;
  #controller: AbortController | undefined;
  #reason: RpcError | undefined;

  constructor(call: Call, served: ServedMethod, request: unknown, connection: Connection) {
    this.call = call;
    this.served = served;
    this.request = request;
    this.connection = connection;
  }

  get method(): string {
    return this.served.name;
  }

  get kind(): CallKind {
    return this.served.method.kind;
  }

  /** Made when it is first asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Tells the handler that nobody waits. */
  stop(reason: RpcError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
    void this.stopIterator();
    this.wake();
  }

  /** Tells a stream's iterator that no item is wanted any more; resolves when it has stopped. */
  stopIterator(): Promise<unknown> {
    const stopping = async (): Promise<unknown> => this.iterator?.return?.();
    // A handler that fails while it stops has nobody to tell: the call is over already.
    this.#stopped ??= stopping().catch((error: unknown) => error);
    return this.#stopped;
  }

  /** Resolves when credit arrived or the call is over. */
  credit(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Goes on with a stream that waits for credit. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
