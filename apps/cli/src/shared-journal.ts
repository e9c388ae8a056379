/**
 * Opens the journal in PostgreSQL that several trackers share, and says in words of an operator why that fails.
 *
 * Loads node-postgres; so only a tracker loads this that has such a journal.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { TrackerError } from '@minitorrent/tracker';
import { openPostgresJournal, type SharedJournal } from '@minitorrent/tracker/postgres';
import { DatabaseError } from 'pg';
import { CliError } from './cli-error.ts';
import { systemReason } from './failure.ts';
import type { PostgresPlace } from './journal-place.ts';

/** Fails with `postgres_unreachable`, `postgres_refused`, `postgres_unfit`, and with what the journal itself says. */
export async function openSharedJournal({ url, shown }: PostgresPlace, clock: Clock): Promise<SharedJournal> {
  try {
    return await openPostgresJournal({ url, clock });
  } catch (error) {
    throw explainJournalFailure(error, shown);
  }
}

/** What an operator can do something with; other failures stay as they are. */
export function explainJournalFailure(error: unknown, shown: string): unknown {
  if (!(error instanceof TrackerError) || error.code !== 'journal_failed') return error;
  const { cause } = error;
  if (cause === undefined) return new CliError('postgres_unfit', error.message, { cause: error });
  if (cause instanceof DatabaseError) {
    const message = `PostgreSQL at ${shown} refuses to keep the journal: ${cause.message}`;
    return new CliError('postgres_refused', message, { cause: error });
  }
  const message = `Cannot reach PostgreSQL at ${shown}: ${systemReason(cause)}`;
  return new CliError('postgres_unreachable', message, { cause: error });
}
