/** The private PostgreSQL of the tests, and what they ask and hold up in it. */
import { Client } from 'pg';
import { type PostgresCluster, startPostgresCluster } from '../../../../scripts/postgres-cluster.ts';

export { describePostgres } from '../../../../scripts/describe-postgres.ts';

export interface PostgresServer extends PostgresCluster {
  /** Begins a transaction with `sql`, and holds its locks until it is disposed of. */
  hold(url: string, sql: string): Promise<HeldLocks>;
  /** Runs SQL in the database of `url`. */
  query(url: string, sql: string): Promise<readonly Record<string, unknown>[]>;
}

export interface HeldLocks extends AsyncDisposable {
  /** Resolves when somebody waits for one of the locks. */
  untilWaitedFor(): Promise<void>;
}

/** Starts a cluster with `settings`, such as `max_connections=5`, over the defaults. */
export async function startPostgres(...settings: readonly string[]): Promise<PostgresServer> {
  const cluster = await startPostgresCluster(...settings);
  return { ...cluster, hold: holdLocks, query };
}

async function query(url: string, sql: string): ReturnType<PostgresServer['query']> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function holdLocks(url: string, sql: string): Promise<HeldLocks> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql);
  return {
    untilWaitedFor: async () => {
      const waiting = `SELECT count(*)::int AS count FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))`;
      while ((await client.query<{ count: number }>(waiting)).rows[0]?.count === 0);
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
