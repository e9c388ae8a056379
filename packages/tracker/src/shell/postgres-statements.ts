/**
 * What a journal asks of PostgreSQL, statement by statement, and what the answers mean.
 *
 * One row, `head`, orders all writers: an append moves it from the entry that it follows, named by index and hash, or
 * changes nothing. So no two trackers write the same index, nobody writes behind a gap or after another history, and an
 * append that is sent twice is kept once.
 */
import type { JournalRecord } from '../entry.ts';
import { sameBytes } from '../entry.ts';
import { describe, isTrackerError, TrackerError } from '../errors.ts';
import type { JournalSize, JournalSnapshot, ReadLimits } from '../journal/journal.ts';
import type { SharedHead } from '../journal/known-head.ts';
import type { JournalPosition } from '../messages.ts';
import type { PostgresClient } from './postgres-link.ts';

/** node-postgres answers bigint as text. */
interface PositionRow {
  readonly index: string;
  readonly epoch: string;
  readonly hash: Uint8Array;
}

interface RecordRow extends PositionRow {
  readonly bytes: Uint8Array;
}

/** `minitorrent` or whatever the schema is called: where appends are announced. */
export function listen(client: PostgresClient, schema: string): Promise<unknown> {
  return client.query(`LISTEN ${schema}`);
}

export async function readHead(client: PostgresClient, schema: string): Promise<SharedHead> {
  const { rows } = await client.query<PositionRow & { store_id: Uint8Array; base: string }>(
    `SELECT store_id, "index", epoch, hash, base FROM ${schema}.head`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error(`the table ${schema}.head is empty`);
  return { storeId: plainBytes(row.store_id), head: toPosition(row), base: Number(row.base) };
}

/** Begins a transaction in which nobody else can append. It ends with COMMIT, or after `turnMs` without a statement. */
export async function lockHead(client: PostgresClient, schema: string, turnMs: number): Promise<SharedHead> {
  await client.query(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(turnMs)}`);
  await client.query(`SELECT FROM ${schema}.head FOR UPDATE`);
  // Another statement, so that it sees what was appended while this one waited for the lock.
  return readHead(client, schema);
}

/** Appends `records` after `previous`; false, and nothing done, when the journal does not end there. */
export async function appendAfter(
  client: PostgresClient,
  schema: string,
  { previous, records }: { readonly previous: JournalPosition; readonly records: readonly JournalRecord[] },
): Promise<boolean> {
  const positions = records.map(({ position }) => position);
  const last = positions.at(-1) ?? previous;
  const { rows } = await client.query(
    `WITH moved AS (
       UPDATE ${schema}.head SET "index" = $1, epoch = $2, hash = $3
       WHERE "index" = $4 AND hash = $5 RETURNING 1
     ), kept AS (
       INSERT INTO ${schema}.entries ("index", epoch, hash, bytes)
       SELECT * FROM unnest($6::bigint[], $7::bigint[], $8::bytea[], $9::bytea[])
       WHERE EXISTS (SELECT FROM moved)
     )
     SELECT pg_notify($10, $1::text) FROM moved`,
    [
      last.index,
      last.epoch,
      last.hash,
      previous.index,
      previous.hash,
      positions.map(({ index }) => index),
      positions.map(({ epoch }) => epoch),
      positions.map(({ hash }) => hash),
      records.map(({ bytes }) => bytes),
      schema,
    ],
  );
  return rows.length === 1;
}

/** The hash of the entry at `index`, where that is kept. */
export async function readHash(
  client: PostgresClient,
  schema: string,
  index: number,
): Promise<Uint8Array | undefined> {
  const { rows } = await client.query<{ hash: Uint8Array }>(
    `SELECT hash FROM ${schema}.entries WHERE "index" = $1`,
    [index],
  );
  return rows[0] === undefined ? undefined : plainBytes(rows[0].hash);
}

/** The records after `after` and up to `upTo` within `limits`, at least one where there is one, and the base that they were seen with. */
export async function readRecords(
  client: PostgresClient,
  schema: string,
  range: ReadLimits & { readonly after: number; readonly upTo: number },
): Promise<{ readonly base: number; readonly records: readonly JournalRecord[] }> {
  const { rows } = await client.query<{ base: string } & (RecordRow | Record<keyof RecordRow, null>)>(
    `SELECT head.base, kept."index", kept.epoch, kept.hash, kept.bytes
     FROM ${schema}.head LEFT JOIN (
       SELECT *, row_number() OVER (ORDER BY "index") AS place,
         sum(octet_length(bytes)) OVER (ORDER BY "index") AS total
       FROM ${schema}.entries WHERE "index" > $1 AND "index" <= $2 ORDER BY "index" LIMIT $3
     ) AS kept ON kept.place = 1 OR kept.total <= $4
     ORDER BY kept."index"`,
    [range.after, range.upTo, range.entries, range.bytes],
  );
  const records = rows.flatMap((row) => (row.index === null ? [] : [toRecord(row)]));
  return { base: Number(rows[0]?.base ?? 0), records };
}

export async function readSnapshot(
  client: PostgresClient,
  schema: string,
): Promise<JournalSnapshot | undefined> {
  const { rows } = await client.query<RecordRow>(
    `SELECT "index", epoch, hash, bytes FROM ${schema}.snapshot`,
  );
  return rows[0] === undefined ? undefined : toRecord(rows[0]);
}

/**
 * Keeps `snapshot` and drops the entries up to `dropUpTo`, unless there is a later one (`behind`). Does nothing, either,
 * when the journal has another entry there (`refused`). The head is locked last, so that appends wait for nothing else.
 */
export async function replaceSnapshot(
  client: PostgresClient,
  schema: string,
  { snapshot, dropUpTo }: { readonly snapshot: JournalSnapshot; readonly dropUpTo: number },
): Promise<'kept' | 'behind' | 'refused'> {
  const { epoch, index, hash } = snapshot.position;
  await client.query('BEGIN');
  const replaced = await client.query(
    `INSERT INTO ${schema}.snapshot AS kept ("index", epoch, hash, bytes) VALUES ($1, $2, $3, $4)
     ON CONFLICT (single) DO UPDATE SET "index" = $1, epoch = $2, hash = $3, bytes = $4 WHERE kept."index" < $1`,
    [index, epoch, hash, snapshot.bytes],
  );
  const isLater = replaced.rowCount === 1;
  const own = isLater ? await readHash(client, schema, index) : undefined;
  const isOurs = own !== undefined && sameBytes(own, hash);
  if (isOurs) {
    await client.query(`DELETE FROM ${schema}.entries WHERE "index" <= $1`, [dropUpTo]);
    await client.query(`UPDATE ${schema}.head SET base = greatest(base, $1)`, [dropUpTo]);
  }
  await client.query(isOurs ? 'COMMIT' : 'ROLLBACK');
  if (isOurs) return 'kept';
  return isLater ? 'refused' : 'behind';
}

/** Of the snapshot, and of the entries after it. */
export async function measure(client: PostgresClient, schema: string): Promise<JournalSize> {
  const { rows } = await client.query<Record<keyof JournalSize, string>>(
    `SELECT count(*) AS entries, coalesce(sum(octet_length(bytes)), 0) AS "entryBytes",
       coalesce((SELECT octet_length(bytes) FROM ${schema}.snapshot), 0) AS "snapshotBytes"
     FROM ${schema}.entries WHERE "index" > coalesce((SELECT "index" FROM ${schema}.snapshot), 0)`,
  );
  const { entries = 0, entryBytes = 0, snapshotBytes = 0 } = rows[0] ?? {};
  return {
    entries: Number(entries),
    entryBytes: Number(entryBytes),
    snapshotBytes: Number(snapshotBytes),
  };
}

/** `answer`, or its failure as one of the journal. */
export async function orJournalFailed<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw isTrackerError(cause) ? cause : journalFailed(cause);
  }
}

export function journalFailed(cause: unknown): TrackerError {
  return new TrackerError('journal_failed', `Cannot use the journal in PostgreSQL: ${describe(cause)}`, {
    cause,
  });
}

function toRecord(row: RecordRow): JournalRecord {
  return { position: toPosition(row), bytes: plainBytes(row.bytes) };
}

function toPosition({ epoch, index, hash }: PositionRow): JournalPosition {
  return { epoch: Number(epoch), index: Number(index), hash: plainBytes(hash) };
}

/** Node's Buffer is a Uint8Array, but compares and prints as something else. */
function plainBytes({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
