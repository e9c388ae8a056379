/**
 * The whole state as bytes, so that a journal can drop the entries that led to it, and back.
 *
 * The bytes end with their own SHA-256, because no chain of entries vouches for them.
 */
import { hash } from 'node:crypto';
import type { Codec } from '@minitorrent/wire-codec';
import { decode } from '@minitorrent/wire-codec';
import { corrupt, sameBytes } from './entry.ts';
import { describe } from './errors.ts';
import { FrozenState } from './frozen-state.ts';
import type { JournalSnapshot } from './journal/journal.ts';
import type { TrackerState } from './model.ts';
import { stateCodec } from './snapshot-codec.ts';
import { encodeSlices, GatheredBytes } from './snapshot-slices.ts';
import type { OwnedState } from './state.ts';
import { addGroup, createState, rememberRequest } from './state.ts';

const HASH_BYTES = 32;
/** Some 400 items, which take a millisecond or a few. */
const SLICES_AT_ONCE = 4;

export interface EncodeOptions {
  /** Lets others run; called every few milliseconds. */
  readonly pause: () => Promise<void>;
  readonly signal?: AbortSignal;
}

/** A snapshot of `state` at its position, made without a pause. */
export function encodeSnapshot(state: TrackerState): JournalSnapshot {
  using frozen = new FrozenState(state);
  const steps = encodeSteps(frozen);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/**
 * A snapshot, at its position, of the state that `read` shows; made in slices. `read` may show more than one before it
 * answers, as `Ledger.read` does when the first one is not kept; the one that it answers with counts.
 */
export async function encodeSnapshotInSlices(
  read: (freeze: (state: TrackerState) => FrozenState) => Promise<FrozenState>,
  { pause, signal }: EncodeOptions,
): Promise<JournalSnapshot> {
  using begun = new DisposableStack();
  const frozen = await read((state) => begun.use(new FrozenState(state)));
  const steps = encodeSteps(frozen);
  for (;;) {
    signal?.throwIfAborted();
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause();
  }
}

function* encodeSteps(frozen: FrozenState): Generator<void, JournalSnapshot> {
  const gathered = new GatheredBytes();
  let slices = 0;
  for (const slice of encodeSlices(frozen)) {
    gathered.add(slice);
    slices += 1;
    if (slices % SLICES_AT_ONCE === 0) yield;
  }
  return { position: frozen.position, bytes: yield* gathered.join() };
}

/** The state that was encoded; `journal_corrupt` for bytes that are not whole. */
export function decodeSnapshot(snapshot: JournalSnapshot): OwnedState {
  const { bytes, position } = snapshot;
  const body = bytes.subarray(0, Math.max(0, bytes.length - HASH_BYTES));
  if (!sameBytes(hash('sha256', body, 'buffer'), bytes.subarray(body.length))) {
    throw corrupt(position.index, 'the snapshot up to here does not have the hash that was kept');
  }
  const state = createState();
  const { users, groups, doneRequests } = readState(stateCodec, body, position.index);
  for (const one of users) state.users.set(one.userId, one);
  for (const one of groups) addGroup(state, one);
  for (const one of doneRequests) rememberRequest(state, one);
  state.position = position;
  return state;
}

function readState<T>(codec: Codec<T>, body: Uint8Array, index: number): T {
  try {
    return decode(codec, body);
  } catch (cause) {
    throw corrupt(index, `the snapshot up to here cannot be read (${describe(cause)})`, { cause });
  }
}
