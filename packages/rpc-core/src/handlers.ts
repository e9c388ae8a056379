/**
 * The serving side of a contract: typed handlers, and interceptors around them.
 */
import type { CallKind } from './call-state.ts';
import type { Connection } from './connection.ts';
import type { Contract, Method, StreamMethod, UnaryMethod } from './contract.ts';

/** What a handler knows besides its request. */
export interface HandlerContext {
  /** Aborts when the caller gives up or the connection ends. */
  readonly signal: AbortSignal;
  /** The connection that the call came over: also the way to call back. */
  readonly connection: Connection;
  /** The method's name. */
  readonly method: string;
}

/**
 * One handler per method: a promise of the response, or an iterable of items. Byte fields of a request are views of what
 * arrived: copy a few bytes that are to be kept. Byte fields of 4 KiB and more go out by reference: they must not change
 * before `connection.output` says that the network has taken them.
 */
export type Handlers<C extends Contract> = {
  readonly [Name in keyof C['methods']]: Handler<C['methods'][Name]>;
};

type Handler<M> =
  M extends UnaryMethod<infer Request, infer Response>
    ? (request: Request, context: HandlerContext) => Promise<Response>
    : M extends StreamMethod<infer Request, infer Item>
      ? (request: Request, context: HandlerContext) => AsyncIterable<Item>
      : never;

/** A call on its way to its handler, as an interceptor sees it. */
export interface IncomingCall extends HandlerContext {
  readonly kind: CallKind;
  /** The decoded request. */
  readonly request: unknown;
}

/**
 * Runs around a handler. `next()` runs the rest and resolves when the handler is done (of a stream: when its last item
 * is sent); an interceptor that throws instead, before or after, answers the call with its error.
 */
export type Interceptor = (call: IncomingCall, next: () => Promise<void>) => Promise<void>;

/** A contract with its handlers, ready to be given to connections. */
export interface Served {
  readonly methods: ReadonlyMap<string, ServedMethod>;
}

/** One method that is served. */
export interface ServedMethod {
  readonly name: string;
  readonly method: Method;
  /** Answers a promise of the response, or an iterable of items, according to `method.kind`. */
  readonly handle: (request: unknown, context: HandlerContext) => unknown;
  /** Outermost first. */
  readonly interceptors: readonly Interceptor[];
}

/** Joins a contract with its handlers; `interceptors` run around each of them, the first one outermost. */
export function serve<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  options: { readonly interceptors?: readonly Interceptor[] } = {},
): Served {
  const methods = new Map<string, ServedMethod>();
  const interceptors = options.interceptors ?? [];
  for (const [name, method] of Object.entries(contract.methods)) {
    const handler: unknown = Reflect.get(handlers, name);
    if (typeof handler !== 'function') throw new TypeError(`Cannot serve ${name}: there is no handler`);
    methods.set(name, {
      name,
      method,
      interceptors,
      handle: (request, context) => Reflect.apply(handler, handlers, [request, context]),
    });
  }
  return { methods };
}

/** All methods of `served` in one table; a name that is served twice is a TypeError. */
export function mergeServed(served: readonly Served[]): ReadonlyMap<string, ServedMethod> {
  const methods = new Map<string, ServedMethod>();
  for (const { methods: more } of served) {
    for (const [name, method] of more) {
      if (methods.has(name)) throw new TypeError(`Cannot serve ${name} twice on one connection`);
      methods.set(name, method);
    }
  }
  return methods;
}
