/**
 * Who decides changes, as the handlers see it: this tracker, or another one that is asked on behalf of the caller.
 */
import type { Change } from '../commands/change.ts';
import { commandOf } from '../commands/command-of.ts';
import type { Result } from '../events.ts';
import type { Ledger } from '../ledger.ts';
import type { TrackerLimits } from '../limits.ts';

export interface ChangeOptions {
  /** The caller's, which makes a second try of the same change safe; a new one unless given. */
  readonly requestId?: Uint8Array;
  /** The caller gave up: whether the change is made is then open. */
  readonly signal?: AbortSignal;
}

export interface Outcome {
  readonly result: Result;
  /** The ledger here shows it already; false where that took too long. */
  readonly isShown: boolean;
}

export interface Authority {
  /**
   * Has `change` carried out; resolves when it is acknowledged. Fails as its command
   * decides, and with `busy`, `no_primary`, `read_only`, `unconfirmed`, `request_id_reused`, `closed`.
   */
  execute(change: Change, options?: ChangeOptions): Promise<Outcome>;
  /** Whether something acknowledged may be missing in what the ledger here shows. To be asked inside a read: see `readMarked`. */
  mayBeStale(): boolean;
}

/** A tracker that asks nobody else: it stands alone, or shares its journal. */
export function createOwnAuthority(ledger: Ledger, limits: TrackerLimits): Authority {
  return {
    execute: async (change, { requestId } = {}) => {
      const options = requestId === undefined ? {} : { requestId };
      return { result: await ledger.execute(commandOf(change, limits), options), isShown: true };
    },
    mayBeStale: () => ledger.mayBeStale,
  };
}
