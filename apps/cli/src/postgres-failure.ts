/**
 * Why PostgreSQL does not do what it is asked for, in words of an operator and without the password in its address.
 *
 * Loads node-postgres; so only those load this who use it.
 */
import { TrackerError } from '@minitorrent/tracker';
import { DatabaseError } from 'pg';
import { CliError } from './cli-error.ts';
import { systemReason } from './failure.ts';

/**
 * `postgres_unreachable`, `postgres_refused` or `postgres_unfit` for what an operator can do something about; other
 * failures stay as they are. `shown` is the address without its secrets.
 */
export function explainPostgresFailure(error: unknown, shown: string): unknown {
  if (!(error instanceof TrackerError)) return explainCause(error, error, shown);
  if (error.code !== 'journal_failed') return error;
  if (error.cause !== undefined) return explainCause(error.cause, error, shown);
  // What the tracker itself found wanting says what to do, too.
  return new CliError('postgres_unfit', error.message, { cause: error });
}

function explainCause(cause: unknown, error: unknown, shown: string): unknown {
  if (cause instanceof DatabaseError) {
    const message = `PostgreSQL at ${shown} refuses: ${cause.message}`;
    return new CliError('postgres_refused', message, { cause: error });
  }
  if (!(cause instanceof Error) || cause instanceof TypeError || cause instanceof RangeError) return error;
  const message = `Cannot reach PostgreSQL at ${shown}: ${systemReason(cause)}`;
  return new CliError('postgres_unreachable', message, { cause: error });
}
