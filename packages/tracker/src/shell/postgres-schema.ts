/**
 * The tables of a journal and a register in PostgreSQL, and how they came to be.
 *
 * Every step that was ever published stays as it is; a change is a step more. Steps run once, under a lock, so that many
 * trackers may be started at once. A role that may not create tables can use them when they are there already.
 */
import { TrackerError } from '../errors.ts';
import type { PostgresClient } from './postgres-link.ts';

/** Each with `%s` for the schema. */
const STEPS: readonly string[] = [
  // `head` is the one row that every append moves: who moves it first is first. It also tells what was acknowledged.
  `CREATE TABLE %s.entries (
     "index" bigint PRIMARY KEY,
     epoch bigint NOT NULL,
     hash bytea NOT NULL,
     bytes bytea NOT NULL
   );
   CREATE TABLE %s.snapshot (
     single boolean PRIMARY KEY DEFAULT true CHECK (single),
     "index" bigint NOT NULL,
     epoch bigint NOT NULL,
     hash bytea NOT NULL,
     bytes bytea NOT NULL
   );
   CREATE TABLE %s.head (
     single boolean PRIMARY KEY DEFAULT true CHECK (single),
     store_id bytea NOT NULL DEFAULT decode(replace(gen_random_uuid()::text, '-', ''), 'hex'),
     "index" bigint NOT NULL DEFAULT 0,
     epoch bigint NOT NULL DEFAULT 0,
     hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
     base bigint NOT NULL DEFAULT 0
   );
   INSERT INTO %s.head DEFAULT VALUES;
   CREATE TABLE %s.register (
     single boolean PRIMARY KEY DEFAULT true CHECK (single),
     epoch bigint NOT NULL,
     value bytea NOT NULL
   );`,
];

/** Any number, but the same for all trackers. */
const LOCK = 0x6d_69_6e_69;

/** Brings the tables of `schema` up to date. Fails with `journal_failed` where they are of a later version. */
export async function prepareSchema(client: PostgresClient, schema: string): Promise<void> {
  if ((await versionOf(client, schema)) === STEPS.length) return;
  // An error ends the connection, and with it the transaction and the lock.
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  await takeSteps(client, schema);
  await client.query('COMMIT');
}

async function takeSteps(client: PostgresClient, schema: string): Promise<void> {
  const version = await versionOf(client, schema);
  if (version > STEPS.length) {
    throw new TrackerError(
      'journal_failed',
      `Cannot use the journal in schema ${schema}: it has layout ${version}, and this version knows ${STEPS.length}; ` +
        'use the version of the tracker that made it, or a later one',
    );
  }
  if (version === 0) {
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.query(
      `CREATE TABLE ${schema}.layout (version int PRIMARY KEY, since timestamptz NOT NULL DEFAULT now())`,
    );
  }
  for (const [at, step] of STEPS.entries()) {
    if (at < version) continue;
    await client.query(step.replaceAll('%s', schema));
    await client.query(`INSERT INTO ${schema}.layout (version) VALUES ($1)`, [at + 1]);
  }
}

async function versionOf(client: PostgresClient, schema: string): Promise<number> {
  // Not to_regclass: it may remember that there was no table before the lock was waited for.
  const { rows } = await client.query<{ there: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = $2) AS there',
    [schema, 'layout'],
  );
  if (rows[0]?.there !== true) return 0;
  const found = await client.query<{ version: number | null }>(
    `SELECT max(version) AS version FROM ${schema}.layout`,
  );
  return found.rows[0]?.version ?? 0;
}
