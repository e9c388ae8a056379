/**
 * What a journal or a register in PostgreSQL is told when it is opened, and its limits with their reasons.
 *
 * Several clusters share one database by giving each a schema of its own.
 */
import type { Clock, Random } from '@minitorrent/rpc-core';
import { createSystemClock, createSystemRandom } from '@minitorrent/rpc-core';

export interface PostgresLimits {
  /** How long a statement may take before its connection counts as lost: a network that is cut says nothing. */
  readonly statementMs: number;
  /** The same for a snapshot, which may be hundreds of megabytes. */
  readonly snapshotMs: number;
  /** The pause before the second try; it doubles with each further one, and a random part of up to half is taken off. */
  readonly firstRetryMs: number;
  /** The longest pause: how late a tracker may notice that PostgreSQL is back. */
  readonly maxRetryMs: number;
  /** How long a statement is tried again: a restart or a failover of PostgreSQL takes seconds, seldom a minute. */
  readonly patienceMs: number;
  /** The same while it is being opened, because a wrong address should not look like waiting. */
  readonly openPatienceMs: number;
  /** How long a read waits to learn what other trackers wrote; after that it answers with what this one knows. */
  readonly freshMs: number;
  /** How long a tracker may keep the others from appending before PostgreSQL takes its turn away. */
  readonly turnMs: number;
  /** How long the config register may take to answer: a takeover, which waits for it, is to be over within seconds. */
  readonly registerMs: number;
  /** How often the head is looked at where no notification came: what another tracker wrote is seen by then. */
  readonly pollMs: number;
}

export const DEFAULT_POSTGRES_LIMITS: PostgresLimits = {
  statementMs: 10_000,
  snapshotMs: 120_000,
  firstRetryMs: 50,
  maxRetryMs: 2_000,
  patienceMs: 90_000,
  openPatienceMs: 10_000,
  freshMs: 1_000,
  turnMs: 2_000,
  registerMs: 400,
  pollMs: 500,
};

export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database?sslmode=verify-full`, as node-postgres reads it. */
  readonly url: string;
  /** Where its tables are, made when they are not there; `minitorrent` unless told. */
  readonly schema?: string;
  /** The system's unless given. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Those of `DEFAULT_POSTGRES_LIMITS` that differ. */
  readonly limits?: Partial<PostgresLimits>;
}

/** The options with all defaults filled in. */
export type PostgresSettings = Required<Omit<PostgresOptions, 'limits'>> & {
  readonly limits: PostgresLimits;
};

/** Throws a RangeError for a schema whose name would need quotes anywhere. */
export function resolvePostgresOptions(options: PostgresOptions): PostgresSettings {
  const { url, schema = 'minitorrent', clock = createSystemClock(), random = createSystemRandom() } = options;
  if (!/^[a-z_][a-z0-9_]{0,50}$/.test(schema)) {
    throw new RangeError(
      `Cannot use the schema ${JSON.stringify(schema)}: expected up to 51 of a-z, 0-9 and _, with no digit first`,
    );
  }
  return { url, schema, clock, random, limits: { ...DEFAULT_POSTGRES_LIMITS, ...options.limits } };
}
