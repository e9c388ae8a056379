/**
 * Serves `sync`: the journal from a position on, for those whom the operator lets have it.
 *
 * The journal holds every user's password hash, so nobody may by default. Entries are not taken yet: this tracker follows
 * no other one.
 */
import type { Connection, Handlers } from '@minitorrent/rpc-core';
import type { trackerContract } from '../contract.ts';
import { TrackerError } from '../errors.ts';
import type { Ledger } from '../ledger.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';

type SyncHandler = Pick<Handlers<typeof trackerContract>, 'sync'>;

/** What surrounds an entry in the answer, and the answer. */
const OVERHEAD_BYTES = 4;
const ANSWER_BYTES = MESSAGE_LIMITS.syncBytes - MESSAGE_LIMITS.entriesPerSync * OVERHEAD_BYTES - 1024;

/** Whether the other end of a connection may read the journal. */
export type AllowSync = (connection: Connection) => boolean;

export function createSyncHandler(parts: {
  readonly ledger: Ledger;
  readonly allowSync: AllowSync;
}): SyncHandler {
  const { ledger, allowSync } = parts;
  return {
    sync: async ({ position, entries }, { connection }) => {
      if (!allowSync(connection)) {
        throw new TrackerError('not_allowed', 'This tracker does not give its journal to you');
      }
      if (entries.length > 0) {
        throw new TrackerError('not_allowed', 'This tracker takes no entries from another one');
      }
      const limits = { entries: MESSAGE_LIMITS.entriesPerSync, bytes: ANSWER_BYTES };
      const { head, records } = await ledger.entriesAfter(position, limits);
      return { head, entries: records.map((record) => record.bytes) };
    },
  };
}
