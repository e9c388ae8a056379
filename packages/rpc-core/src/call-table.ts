/**
 * The calls of one direction: made by this side, or served by it. Moves go through the table of `call-state.ts`; a call
 * that is done leaves at once.
 */
import { CallMap } from './call-map.ts';
import type { CallMove, CallState } from './call-state.ts';
import { nextCallState } from './call-state.ts';
import type { Method } from './contract.ts';
import { itemCost } from './credit.ts';
import { RpcError } from './errors.ts';

/** One call as both sides see it. */
export interface Call {
  readonly id: number;
  /** The method's name, which is the type of all frames of the call. */
  readonly name: string;
  /** Undefined for a call to a method that is not served: it will be answered with an error. */
  readonly method: Method | undefined;
  readonly state: CallState;
  /** Credit in bytes that the sender of items has left; streams only. */
  readonly balance: number;
}

interface MutableCall extends Call {
  state: CallState;
  balance: number;
}

/** Calls by id. */
export interface CallTable {
  readonly size: number;
  get(id: number): Call | undefined;
  add(id: number, name: string, method: Method | undefined, windowBytes: number): Call;
  /** Makes a move of this side; an illegal one is a TypeError and changes nothing. */
  ourMove(call: Call, move: CallMove): void;
  /** Makes a move; answers false when it is illegal and nothing happened. */
  move(call: Call, move: CallMove): boolean;
  /** Takes an item's cost off the balance; answers false when there was no credit. */
  spend(call: Call, payloadBytes: number): boolean;
  /** Adds credit; answers false when the sum is not a safe integer. */
  grant(call: Call, bytes: number): boolean;
}

export function createCallTable(): CallTable {
  return new MapTable();
}

/** A class, as all that each connection has one of: objects with accessors of their own do not share a shape. */
class MapTable implements CallTable {
  readonly #calls = new CallMap<MutableCall>();

  get size(): number {
    return this.#calls.size;
  }

  get(id: number): Call | undefined {
    return this.#calls.get(id);
  }

  add(id: number, name: string, method: Method | undefined, windowBytes: number): Call {
    const call: MutableCall = { id, name, method, state: 'open', balance: windowBytes };
    this.#calls.add(id, call);
    return call;
  }

  ourMove(call: Call, move: CallMove): void {
    if (!this.move(call, move))
      throw new TypeError(`Cannot send ${move} of ${call.name}: the call is ${call.state}`);
  }

  move(call: Call, move: CallMove): boolean {
    const state = nextCallState(call.method?.kind ?? 'unary', call.state, move);
    if (state === undefined) return false;
    own(call).state = state;
    if (state === 'done') this.#calls.delete(call.id);
    return true;
  }

  spend(call: Call, payloadBytes: number): boolean {
    if (call.balance <= 0) return false;
    own(call).balance -= itemCost(payloadBytes);
    return true;
  }

  grant(call: Call, bytes: number): boolean {
    own(call).balance += bytes;
    return Number.isSafeInteger(call.balance);
  }
}

/** Every call of a table was made by its `add`. */
function own(call: Call): MutableCall {
  return call as MutableCall;
}

/** Makes a move of the other side on the call that it names; a call that is not there or not so far is its error. */
export function theirMove(
  table: CallTable,
  call: Call | undefined,
  name: string,
  { kind, id }: { readonly kind: CallMove; readonly id: number },
): Call {
  if (call === undefined || call.name !== name) {
    throw new RpcError('unknown_call', `Cannot accept ${kind} of ${name}: there is no call ${id}`);
  }
  if (!table.move(call, kind)) {
    throw new RpcError('unexpected_frame', `Cannot accept ${kind} of ${name}: the call is ${call.state}`);
  }
  return call;
}
