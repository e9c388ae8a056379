/** Carries commands out on a bare state, as a ledger does but at once. */
import type { Command } from '../../src/commands/command.ts';
import type { JournalRecord } from '../../src/entry.ts';
import { sealEntry } from '../../src/entry.ts';
import { isTrackerError } from '../../src/errors.ts';
import type { OwnedState } from '../../src/state.ts';
import { applyEntry, createState } from '../../src/state.ts';

export interface Driver {
  readonly state: OwnedState;
  readonly records: readonly JournalRecord[];
  /** What the command answers: the kind of its result, or the code of its refusal. */
  run(command: Command): string;
}

export function createDriver(): Driver {
  const state = createState();
  const records: JournalRecord[] = [];
  return {
    state,
    records,
    run: (command) => {
      try {
        const { events, result } = command.decide(state);
        if (events.length > 0) {
          const entry = entryAfter(state, command, events, result);
          const record = sealEntry(entry);
          applyEntry(state, entry, record);
          records.push(record);
        }
        return result.kind;
      } catch (error) {
        if (isTrackerError(error)) return error.code;
        throw error;
      }
    },
  };
}

function entryAfter(
  state: OwnedState,
  { fingerprint }: Command,
  events: ReturnType<Command['decide']>['events'],
  result: ReturnType<Command['decide']>['result'],
): Parameters<typeof sealEntry>[0] {
  const { index, hash } = state.position;
  const requestId = new Uint8Array(16).fill(index & 0xff);
  requestId[0] = index >>> 8;
  return { version: 1, epoch: 1, index: index + 1, requestId, fingerprint, result, events, prevHash: hash };
}
