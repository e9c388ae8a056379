/** Somebody who calls every message of some contracts, and takes whatever is answered. */
import type { Connection, Contract } from '@minitorrent/rpc-core';
import { decode } from '@minitorrent/wire-codec';
import { Chance } from './chance.ts';

const WORKERS = 24;
/** An endless stream is left after so many. */
const MOST_ITEMS = 40;

/** A client whose methods are not known by name. */
type AnyClient = Readonly<Record<string, (request: unknown) => Promise<unknown> | AsyncIterable<unknown>>>;

/** Requests that are right, by the names of their messages. Made elsewhere: what makes them takes 100 MiB. */
export type Requests = ReadonlyMap<string, readonly Uint8Array[]>;

interface Callable {
  readonly call: (request: unknown) => Promise<unknown> | AsyncIterable<unknown>;
  readonly requests: readonly unknown[];
}

/** Calls until the connection is closed; no answer is a failure. */
export async function keepCalling(
  connection: Connection,
  contracts: readonly Contract[],
  { requests, seed }: { readonly requests: Requests; readonly seed: number },
): Promise<void> {
  const callables = contracts.flatMap((contract) => callablesOf(connection, contract, requests));
  const chance = new Chance(seed, 0);
  const work = async (): Promise<void> => {
    while (!connection.signal.aborted) {
      const { call, requests } = chance.pick(callables);
      await take(call(chance.pick(requests))).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}

function callablesOf(connection: Connection, contract: Contract, requests: Requests): Callable[] {
  // What is called is taken from the contract itself, and so is what is given.
  const client = connection.client(contract) as unknown as AnyClient;
  return Object.entries(contract.methods).flatMap(([name, method]) => {
    const call = client[name];
    const bodies = requests.get(name) ?? [];
    if (call === undefined || bodies.length === 0) return [];
    return [{ call, requests: bodies.map((bytes) => decode(method.request.codec, bytes)) }];
  });
}

async function take(answer: Promise<unknown> | AsyncIterable<unknown>): Promise<void> {
  if (answer instanceof Promise) {
    await answer;
    return;
  }
  let items = 0;
  for await (const _item of answer) {
    items += 1;
    if (items > MOST_ITEMS) return;
  }
}
