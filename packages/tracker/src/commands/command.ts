/**
 * What every command is: a name for what is asked, and a decision.
 *
 * `decide` looks at the state and answers with events, or throws a `TrackerError`. It changes nothing and can be asked
 * again. No events means that everything is already as it was asked for; then nothing is journalled.
 */
import { fingerprintOf } from '../entry.ts';
import type { Result, TrackerEvent } from '../events.ts';
import type { TrackerState } from '../model.ts';

export interface Command {
  /** 16 bytes; equal for a second try, different for anything else. */
  readonly fingerprint: Uint8Array;
  readonly decide: (state: TrackerState) => Decision;
}

export interface Decision {
  readonly events: readonly TrackerEvent[];
  readonly result: Result;
}

export const done: Result = { kind: 'done' };
export const requested: Result = { kind: 'requested' };

/** A command that is told from others by `words`: its name, who asks, and what it is about. */
export function createCommand(words: readonly string[], decide: (state: TrackerState) => Decision): Command {
  return { fingerprint: fingerprintOf(...words), decide };
}

/** The decision that `events` happen and nothing has to be told. */
export function decided(...events: readonly TrackerEvent[]): Decision {
  return { events, result: done };
}
