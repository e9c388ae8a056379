/**
 * What is mutated: for every message of the contracts valid bodies of its request and of its answers, some with what is
 * really there (the group, the file), others with any values that the codec takes.
 */
import { type Contract, defineContract, stream, unary } from '@minitorrent/rpc-core';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';
import { type Codec, encode } from '@minitorrent/wire-codec';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';
import { peerContract } from '../../src/index.ts';

/** What is really there. */
export interface Place {
  readonly userId: string;
  readonly password: string;
  readonly deviceId: Uint8Array;
  readonly groupId: string;
  readonly fileName: string;
  readonly root: Uint8Array;
}

/** One message, as bytes that are right. */
export interface Message {
  readonly name: string;
  readonly isStream: boolean;
  readonly requests: readonly Uint8Array[];
  /** Responses, or items of a stream. */
  readonly answers: readonly Uint8Array[];
}

export interface Corpus {
  readonly messages: readonly Message[];
  /** All bodies, to splice from. */
  readonly bodies: readonly Uint8Array[];
}

const VALUES_EACH = 24;

/** The same values for the same seed. */
export function makeCorpus(contracts: readonly Contract[], place: Place, seed: number): Corpus {
  const messages = contracts.flatMap((contract) =>
    Object.entries(contract.methods).map(([name, method]): Message => {
      const answer = method.kind === 'stream' ? method.item : method.response;
      return {
        name,
        isStream: method.kind === 'stream',
        requests: bodiesOf(method.request.codec, place, seed),
        answers: bodiesOf(answer.codec, place, seed),
      };
    }),
  );
  return { messages, bodies: messages.flatMap(({ requests, answers }) => [...requests, ...answers]) };
}

export { peerContract, trackerCallbacks, trackerContract };

/** A method that nobody serves. */
export const unknownContract: Contract = defineContract({
  nobody_serves_this: unary(
    trackerContract.methods.login.request.codec,
    trackerContract.methods.login.response.codec,
  ),
  nobody_streams_this: stream(
    peerContract.methods.send_pieces.request.codec,
    peerContract.methods.send_pieces.item.codec,
  ),
});

function bodiesOf(codec: Codec<unknown>, place: Place, seed: number): Uint8Array[] {
  const real = fc.sample(realValues(codec, place), { numRuns: VALUES_EACH, seed });
  const values = fc.sample(arbitraryOf(codec, { named: namesOf(place, false) }), {
    numRuns: VALUES_EACH / 2,
    seed,
  });
  return [...real, ...values].flatMap((value) => attempt(codec, value));
}

/** Values in which the names are those that are there. */
function realValues(codec: Codec<unknown>, place: Place): fc.Arbitrary<unknown> {
  return arbitraryOf(codec, { maxLength: 4, named: namesOf(place, true) }).map((value) => put(value, place));
}

type Named = NonNullable<NonNullable<Parameters<typeof arbitraryOf>[1]>['named']>;

function namesOf(place: Place, isReal: boolean): Named {
  const names = (real: string): fc.Arbitrary<unknown> =>
    isReal ? fc.constant(real) : fc.constantFrom(real, 'a', 'x'.repeat(64), 'é', '🙂', 'nobody');
  const file = { size: 300_000, pieceLength: 65_536, root: place.root };
  return {
    userId: () => names(place.userId),
    groupId: () => names(place.groupId),
    identifier: () => names(place.userId),
    fileName: () => names(place.fileName),
    'file name': () => names(place.fileName),
    // Random fields seldom fit together.
    'file descriptor': () => names(place.fileName).map((name) => ({ ...file, name })),
    entryVersion: () => fc.constant(1),
    'error code': () => fc.constantFrom('busy', 'internal', 'bad_request'),
  };
}

/** With the secrets and hashes that are there instead of any. */
function put(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) return value.map((item) => put(item, place));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof Map)
    return value;
  const entries = Object.entries(value).map(([field, held]): [string, unknown] => {
    if (field === 'root') return [field, place.root];
    if (field === 'deviceId') return [field, place.deviceId];
    if (field === 'password') return [field, place.password];
    if (field === 'want') return [field, [0, 1, 2]];
    if (field === 'begun') return [field, [{ index: 1, fromLeaf: 2 }]];
    if (field === 'maxPieces' || field === 'count') return [field, 2];
    if (field === 'first' || field === 'after') return [field, field === 'first' ? 0 : ''];
    return [field, put(held, place)];
  });
  return Object.fromEntries(entries);
}

/** None where the rules of several fields together forbid it. */
function attempt(codec: Codec<unknown>, value: unknown): Uint8Array[] {
  try {
    return [encode(codec, value).slice()];
  } catch {
    return [];
  }
}
