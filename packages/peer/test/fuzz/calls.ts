/** Somebody who calls every message of some contracts, and takes whatever is answered. */
import type { Connection, Contract } from '@minitorrent/rpc-core';
import { decode } from '@minitorrent/wire-codec';
import { Chance } from './chance.ts';
import { type Message, makeCorpus } from './corpus.ts';

const WORKERS = 24;
/** An endless stream is left after so many. */
const MOST_ITEMS = 40;

/** A client whose methods are not known by name. */
type AnyClient = Readonly<Record<string, (request: unknown) => Promise<unknown> | AsyncIterable<unknown>>>;

interface Callable {
  readonly message: Message;
  readonly call: (request: unknown) => Promise<unknown> | AsyncIterable<unknown>;
  readonly requests: readonly unknown[];
}

let corpora: readonly (readonly [Contract, readonly Message[]])[] | undefined;

/** Calls until the connection is closed; no answer is a failure. */
export async function keepCalling(
  connection: Connection,
  contracts: readonly Contract[],
  seed: number,
): Promise<void> {
  corpora ??= contracts.map((contract) => [contract, makeCorpus([contract], SOMEWHERE, seed).messages]);
  const callables = corpora.flatMap(([contract, messages]) => callablesOf(connection, contract, messages));
  const chance = new Chance(seed, 0);
  const work = async (): Promise<void> => {
    while (!connection.signal.aborted) {
      const { call, requests } = chance.pick(callables);
      await take(call(chance.pick(requests))).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}

function callablesOf(connection: Connection, contract: Contract, messages: readonly Message[]): Callable[] {
  // What is called is taken from the contract itself, and so is what is given.
  const client = connection.client(contract) as unknown as AnyClient;
  return messages.flatMap((message) => {
    const call = client[message.name];
    const method = contract.methods[message.name];
    if (call === undefined || method === undefined || message.requests.length === 0) return [];
    const requests = message.requests.map((bytes) => decode(method.request.codec, bytes));
    return [{ message, call, requests }];
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

const SOMEWHERE = {
  ...{ userId: 'mallory', password: 'correct horse battery', groupId: 'films', fileName: 'film.bin' },
  ...{ deviceId: new Uint8Array(32).fill(1), root: new Uint8Array(32).fill(2) },
};
