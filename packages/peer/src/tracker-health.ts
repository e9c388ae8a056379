/**
 * What a peer knows of its trackers, and which of those that it is connected to it asks first.
 *
 * What affects the order, the weightiest first:
 * - a tracker that left a call without an answer comes last, until it answers something;
 * - who knows which peers have the files of a group comes first, where that is asked for;
 * - who said that it may be stale comes behind who did not. Of several, the one that said so longest ago comes first: it is
 *   the likeliest to have changed its mind, so all are asked in turn until one has;
 * - the user's order.
 * Pure: it is told what happened, and makes no call.
 */
import { RpcError } from '@minitorrent/rpc-core';

/** What is known of one tracker. */
export class TrackerHealth {
  #isDoubtful = false;
  #staleSinceMs: number | undefined;

  /** It left a call without an answer and has not answered anything since. */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  /** When it said last that it is a backup, or may be stale; undefined when it has said otherwise since. */
  get staleSinceMs(): number | undefined {
    return this.#staleSinceMs;
  }

  /** A call has had no answer for a while. */
  wasSilent(): void {
    this.#isDoubtful = true;
  }

  /** There is a new connection, on which nothing was left without an answer. */
  connected(): void {
    this.#isDoubtful = false;
  }

  /** It answered a call; most answers say nothing of being stale. */
  answered(answer: unknown, nowMs: number): void {
    this.#isDoubtful = false;
    const mark = staleMarkOf(answer);
    if (mark !== undefined) this.#staleSinceMs = mark ? nowMs : undefined;
  }

  /** A call failed, which is an answer too where the tracker itself said so. */
  failed(error: unknown, nowMs: number): void {
    if (!(error instanceof RpcError) || !error.remote) return;
    this.#isDoubtful = false;
    if (error.code === 'not_primary' || error.code === 'no_primary') this.#staleSinceMs = nowMs;
  }
}

/** A tracker that could be asked. */
export interface TrackerCandidate {
  readonly health: Pick<TrackerHealth, 'isDoubtful' | 'staleSinceMs'>;
  /** It is one of those that have the presence of the group in question; false where there is none. */
  readonly keepsPresence: boolean;
}

/** The candidates, the best one first; they come in the user's order. */
export function rankTrackers<C extends TrackerCandidate>(candidates: readonly C[]): C[] {
  return candidates.toSorted(
    (a, b) =>
      Number(a.health.isDoubtful) - Number(b.health.isDoubtful) ||
      Number(b.keepsPresence) - Number(a.keepsPresence) ||
      byStaleness(a.health.staleSinceMs, b.health.staleSinceMs),
  );
}

function byStaleness(a: number | undefined, b: number | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return a - b;
}

/** What the answer says of itself, if it does. */
function staleMarkOf(answer: unknown): boolean | undefined {
  if (typeof answer !== 'object' || answer === null || !('mayBeStale' in answer)) return undefined;
  return typeof answer.mayBeStale === 'boolean' ? answer.mayBeStale : undefined;
}
