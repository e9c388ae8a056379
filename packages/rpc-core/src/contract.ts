/**
 * A contract names the methods that one side serves and the codecs of what travels; the typed client and the typed
 * handlers both follow from it.
 *
 * It is plain data: it opens nothing, knows no connection, and can be shared by both sides and by other languages.
 */
import type { Codec } from '@minitorrent/wire-codec';
import { controlBodyBytes } from './limits.ts';

/** One body that travels: its layout, and the largest encoded form, which both sides refuse to exceed. */
export interface Body<T> {
  readonly codec: Codec<T>;
  readonly maxBytes: number;
}

/** A method with one request and one response. */
export interface UnaryMethod<Request, Response> {
  readonly kind: 'unary';
  readonly request: Body<Request>;
  readonly response: Body<Response>;
}

/** A method with one request and a stream of items in answer. */
export interface StreamMethod<Request, Item> {
  readonly kind: 'stream';
  readonly request: Body<Request>;
  readonly item: Body<Item>;
}

/** Any method. `unknown` is sound here: a codec's `write` is only ever given what the same method's types admit. */
export type Method = UnaryMethod<unknown, unknown> | StreamMethod<unknown, unknown>;

/** The methods of one side, by name. */
export type Methods = Readonly<Record<string, Method>>;

/** What `defineContract` makes. */
export interface Contract<M extends Methods = Methods> {
  readonly methods: M;
}

/** The client's view: one function per method. */
export type Client<C extends Contract> = {
  readonly [Name in keyof C['methods']]: ClientMethod<C['methods'][Name]>;
};

type ClientMethod<M> =
  M extends UnaryMethod<infer Request, infer Response>
    ? (request: Request, options?: CallOptions) => Promise<Response>
    : M extends StreamMethod<infer Request, infer Item>
      ? (request: Request, options?: StreamOptions) => AsyncIterable<Item>
      : never;

/** How one call may end early. */
export interface CallOptions {
  /** Cancels the call, here and at the other side; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Cancels the call after this time on the connection's clock; the call rejects with `deadline_exceeded`. */
  readonly timeoutMs?: number;
}

/** The same for a stream, and how far its sender may run ahead of the reader. */
export interface StreamOptions extends CallOptions {
  /** Bytes that may be under way or unread; `limits.streamWindowBytes` unless told. One item may always be under way. */
  readonly windowBytes?: number;
}

/** Options of `unary`. */
export interface UnaryLimits {
  readonly maxRequestBytes?: number;
  readonly maxResponseBytes?: number;
}

/** Options of `stream`. */
export interface StreamLimits {
  readonly maxRequestBytes?: number;
  readonly maxItemBytes?: number;
}

/** Names of frames that belong to the connection itself. */
export const reservedNames: ReadonlySet<string> = new Set(['hello', 'ping', 'pong', 'goodbye']);

/** A method that answers a request with one response; both may have up to 64 KiB unless told otherwise. */
export function unary<Request, Response>(
  request: Codec<Request>,
  response: Codec<Response>,
  limits: UnaryLimits = {},
): UnaryMethod<Request, Response> {
  const { maxRequestBytes = controlBodyBytes, maxResponseBytes = controlBodyBytes } = limits;
  return {
    kind: 'unary',
    request: body(request, maxRequestBytes),
    response: body(response, maxResponseBytes),
  };
}

/** A method that answers a request with any number of items; each may have up to 64 KiB unless told otherwise. */
export function stream<Request, Item>(
  request: Codec<Request>,
  item: Codec<Item>,
  limits: StreamLimits = {},
): StreamMethod<Request, Item> {
  const { maxRequestBytes = controlBodyBytes, maxItemBytes = controlBodyBytes } = limits;
  return { kind: 'stream', request: body(request, maxRequestBytes), item: body(item, maxItemBytes) };
}

/**
 * Names the methods of one side. A name is also the frame type on the wire: 1-32 characters of `a-z` and `_`, and none
 * of `hello`, `ping`, `pong`, `goodbye`.
 */
export function defineContract<const M extends Methods>(methods: M): Contract<M> {
  for (const name of Object.keys(methods)) {
    if (!/^[a-z_]{1,32}$/.test(name)) {
      throw new TypeError(`Cannot name a method "${name}": wanted 1-32 characters of a-z and _`);
    }
    if (reservedNames.has(name))
      throw new TypeError(`Cannot name a method "${name}": the connection uses it`);
  }
  return { methods };
}

function body<T>(codec: Codec<T>, maxBytes: number): Body<T> {
  if (Number.isSafeInteger(maxBytes) && maxBytes >= 0) return { codec, maxBytes };
  throw new RangeError(`Cannot limit a body to ${maxBytes}: wanted a whole number of bytes`);
}
