/**
 * Calls made here, from the side of whoever waits for them: a promise for a unary call, an iterator for a stream.
 */
import type { Reader } from '@minitorrent/wire-codec';
import type { Call } from './call-table.ts';
import type { Body, Method, StreamMethod, UnaryMethod } from './contract.ts';
import { describeError, RpcError } from './errors.ts';
import type { ItemStream } from './item-stream.ts';

/** A call that somebody waits for. */
export abstract class PendingCall {
  readonly name: string;
  readonly request: unknown;
  readonly windowBytes: number;
  abstract readonly method: Method;
  /** The call in the session's books; undefined while it waits for its turn. */
  call: Call | undefined;
  /** Takes back what `watchForEnd` registered. */
  stopWatching: (() => void) | undefined;

  constructor(name: string, request: unknown, windowBytes: number) {
    this.name = name;
    this.request = request;
    this.windowBytes = windowBytes;
  }

  /** The call failed, here or there. */
  abstract fail(error: unknown): void;
}

/** A unary call, settled through its promise. */
export class PendingUnary extends PendingCall {
  readonly method: UnaryMethod<unknown, unknown>;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    name: string,
    method: UnaryMethod<unknown, unknown>,
    request: unknown,
    settle: { readonly resolve: (value: unknown) => void; readonly reject: (error: unknown) => void },
  ) {
    super(name, request, 0);
    this.method = method;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  respond(body: Reader): void {
    try {
      this.#resolve(readBody(this.method.response, body));
    } catch (cause) {
      this.#reject(badResponse(this.name, cause));
    }
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

/** A stream call, read through its `ItemStream`. */
export class PendingStream extends PendingCall {
  readonly method: StreamMethod<unknown, unknown>;
  readonly items: ItemStream;

  constructor(
    name: string,
    method: StreamMethod<unknown, unknown>,
    request: unknown,
    receiving: { readonly windowBytes: number; readonly items: ItemStream },
  ) {
    super(name, request, receiving.windowBytes);
    this.method = method;
    this.items = receiving.items;
  }

  fail(error: unknown): void {
    this.items.fail(error);
  }
}

/** Reads a whole body; fails with the codec's error. */
export function readBody(body: Body<unknown>, reader: Reader): unknown {
  if (reader.remaining > body.maxBytes) {
    throw new RangeError(`it has ${reader.remaining} bytes, the contract allows ${body.maxBytes}`);
  }
  const value = body.codec.read(reader);
  reader.finish();
  return value;
}

/** The error for a response or item that its codec refused. */
export function badResponse(name: string, cause: unknown): RpcError {
  return new RpcError('bad_response', `Cannot read the answer to ${name}: ${describeError(cause)}`, {
    cause,
  });
}
