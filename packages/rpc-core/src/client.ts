/** The typed client: one function per method of a contract. */
import type { Caller } from './caller.ts';
import type { Client, Contract, Method, StreamOptions } from './contract.ts';

/** Makes the functions once; calling one costs no look-up. */
export function createClient<C extends Contract>(contract: C, caller: Caller): Client<C> {
  const functions = Object.entries(contract.methods).map(([name, method]) => [
    name,
    callFunction(name, method, caller),
  ]);
  // The codecs of the contract define the types of Client<C>, and each function uses those of its own method.
  return Object.fromEntries(functions) as Client<C>;
}

function callFunction(name: string, method: Method, caller: Caller) {
  return method.kind === 'unary'
    ? (request: unknown, options?: StreamOptions) => caller.unary(name, method, request, options)
    : (request: unknown, options?: StreamOptions) => caller.stream(name, method, request, options);
}
