/** Opens the journal in PostgreSQL that several trackers share. Loads node-postgres. */
import type { Clock } from '@minitorrent/rpc-core';
import { openPostgresJournal, type SharedJournal } from '@minitorrent/tracker/postgres';
import type { PostgresPlace } from './journal-place.ts';
import { explainPostgresFailure } from './postgres-failure.ts';

/** Fails with `postgres_unreachable`, `postgres_refused`, `postgres_unfit`, and with what the journal itself says. */
export async function openSharedJournal({ url, shown }: PostgresPlace, clock: Clock): Promise<SharedJournal> {
  try {
    return await openPostgresJournal({ url, clock });
  } catch (error) {
    throw explainPostgresFailure(error, shown);
  }
}
