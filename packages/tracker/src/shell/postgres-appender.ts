/**
 * The turns and the appends of one tracker to a journal in PostgreSQL.
 *
 * What affects an append:
 * - it names the entry that it follows; where another tracker was first it fails with `diverged`, and so does every later
 *   one until the next turn, because they rest on what was not kept;
 * - a turn keeps the others from being first: it locks the head until the next append. A tracker that stops in its turn
 *   loses it to PostgreSQL's own timeout;
 * - appends that wait while one is under way are committed together, all or none;
 * - when the connection is lost, nobody knows whether PostgreSQL committed. Then the same append is made again: it finds
 *   either the end as it was, or its own entries there;
 * - when PostgreSQL stays away, appends fail with `journal_failed` until a turn has reached it again.
 */
import type { JournalRecord } from '../entry.ts';
import { sameBytes } from '../entry.ts';
import { isTrackerError, TrackerError } from '../errors.ts';
import { GroupCommit } from '../journal/group-commit.ts';
import { checkFollows } from '../journal/journal.ts';
import type { KnownHead, SharedHead } from '../journal/known-head.ts';
import type { JournalPosition } from '../messages.ts';
import type { PostgresClient, PostgresLink } from './postgres-link.ts';
import type { PostgresSettings } from './postgres-options.ts';
import { appendAfter, journalFailed, lockHead, orJournalFailed, readHash } from './postgres-statements.ts';

interface Append {
  /** What the first of `records` follows. */
  readonly previous: JournalPosition;
  readonly records: readonly JournalRecord[];
}

export class PostgresAppender {
  readonly #settings: PostgresSettings;
  readonly #link: PostgresLink;
  readonly #head: KnownHead;
  readonly #commits = new GroupCommit<Append>((batch) => this.#commit(batch));
  /** What the next record has to follow: the last one given to `append`, or the head of the last turn. */
  #last: JournalPosition;
  /** Why nothing is appended until the next turn. */
  #refusal: TrackerError | undefined;
  /** The connection that holds the lock of a turn. */
  #turn: PostgresClient | undefined;

  /** `link` is its own from now on, and closed by it. */
  constructor(settings: PostgresSettings, link: PostgresLink, head: KnownHead) {
    this.#settings = settings;
    this.#link = link;
    this.#head = head;
    this.#last = head.position;
  }

  /** As `SharedJournal.takeTurn`. */
  async takeTurn(): Promise<void> {
    await this.#commits.idle();
    const { schema, limits } = this.#settings;
    const lock = async (client: PostgresClient): Promise<SharedHead> => {
      const locked = await lockHead(client, schema, limits.turnMs);
      this.#turn = client;
      return locked;
    };
    await this.#head.learn(() => orJournalFailed(this.#link.run(lock)));
    this.#refusal = undefined;
    this.#last = this.#head.position;
  }

  /** As `SharedJournal.append`. */
  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#head.requireWhole();
    if (this.#refusal !== undefined) throw this.#refusal;
    const previous = this.#last;
    if (this.#commits.isIdle && this.#head.position.index > previous.index) {
      this.#refusal = overtaken(previous);
      throw this.#refusal;
    }
    checkFollows(previous.index, records);
    this.#last = records.at(-1)?.position ?? previous;
    return this.#commits.add({ previous, records });
  }

  /** Waits for what was appended, but not for a PostgreSQL that is away. */
  async close(): Promise<void> {
    this.#link.stopRetrying();
    await this.#commits.idle();
    await this.#link.close();
  }

  async #commit(batch: readonly Append[]): Promise<void> {
    const records = batch.flatMap((append) => append.records);
    const previous = batch[0]?.previous ?? this.#head.position;
    try {
      if (this.#refusal !== undefined) throw this.#refusal;
      const committing = this.#link.run((client) => this.#commitOnce(client, previous, records));
      if (!(await committing)) throw overtaken(previous);
      this.#head.moveTo(records.at(-1)?.position ?? previous);
    } catch (error) {
      this.#refusal ??= isTrackerError(error) ? error : journalFailed(error);
      throw this.#refusal;
    }
  }

  /** Ends the turn, if there is one on this connection. Whether `records` are there now; they may have been before. */
  async #commitOnce(
    client: PostgresClient,
    previous: JournalPosition,
    records: readonly JournalRecord[],
  ): Promise<boolean> {
    const { schema } = this.#settings;
    const [first] = records;
    const isNew = first === undefined || (await appendAfter(client, schema, { previous, records }));
    if (this.#turn === client) await client.query('COMMIT');
    this.#turn = undefined;
    if (isNew) return true;
    const kept = await readHash(client, schema, first.position.index);
    return kept !== undefined && sameBytes(kept, first.position.hash);
  }
}

function overtaken({ index }: JournalPosition): TrackerError {
  const message = `Cannot append entry ${index + 1}: another tracker was first`;
  return new TrackerError('diverged', message);
}
