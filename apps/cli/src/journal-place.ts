/**
 * Where a tracker keeps its journal, as the user says it: a folder of its own, or PostgreSQL for several trackers.
 *
 * The address of a PostgreSQL may hold a password. Nothing here repeats it: what is shown is put together from the parts
 * that are no secret.
 */
import { CliError } from './cli-error.ts';
import type { Variables } from './config.ts';

/** A journal in PostgreSQL. */
export interface PostgresPlace {
  /** As node-postgres reads it, with the password. */
  readonly url: string;
  /** The same without user, password and parameters: for people and logs. */
  readonly shown: string;
}

/**
 * The journal that was asked for by `--journal` or `MINITORRENT_JOURNAL`; undefined for one in the data folder. Fails
 * with `bad_postgres_url`.
 */
export function readJournalPlace(
  options: { readonly journal?: string },
  variables: Variables,
): PostgresPlace | undefined {
  const text = options.journal ?? variables.MINITORRENT_JOURNAL;
  return text === undefined || text === '' ? undefined : parsePostgresUrl(text);
}

/** Fails with `bad_postgres_url`. */
export function parsePostgresUrl(text: string): PostgresPlace {
  const url = URL.parse(text);
  if (url === null || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw new CliError(
      'bad_postgres_url',
      'Cannot read the address of PostgreSQL: expected postgres://host/database',
    );
  }
  // A socket's folder is no host, so that it stands behind the question mark.
  const socket = url.hostname === '' || url.hostname === 'localhost' ? url.searchParams.get('host') : null;
  const place = socket ?? (url.host === '' ? 'localhost' : url.host);
  return { url: text, shown: `postgresql://${place}${url.pathname}` };
}
