/**
 * A journal in PostgreSQL that any number of trackers append to.
 *
 * What affects an append:
 * - it names the entry that it follows; where another tracker was first it fails with `diverged`, and so does every later
 *   one until `takeTurn` or `refresh`, because they rest on what was not kept;
 * - `takeTurn` keeps the others from being first: it locks the head until the next append. A tracker that stops in its
 *   turn loses it to PostgreSQL's own timeout;
 * - appends that wait while one is under way are committed together, all or none;
 * - when the connection is lost, nobody knows whether PostgreSQL committed. Then the same append is made again: it finds
 *   either the end as it was, or its own entries there;
 * - when PostgreSQL stays away, appends fail with `journal_failed`, until `takeTurn` or `refresh` has reached it again.
 *
 * `head` moves with what the others append, too: on a notification, which is only a hint, and else on a poll.
 */
import debug from 'debug';
import type { JournalRecord } from '../entry.ts';
import { corrupt, sameBytes } from '../entry.ts';
import { describe, isTrackerError, TrackerError } from '../errors.ts';
import type { JournalSnapshot, SharedJournal } from '../journal/journal.ts';
import { checkFollows, checkKept } from '../journal/journal.ts';
import type { JournalPosition } from '../messages.ts';
import { HeadWatch } from './postgres-head-watch.ts';
import { type PostgresClient, PostgresLink } from './postgres-link.ts';
import { type PostgresOptions, type PostgresSettings, resolvePostgresOptions } from './postgres-options.ts';
import { prepareSchema } from './postgres-schema.ts';
import {
  appendAfter,
  listen,
  lockHead,
  readHash,
  readHead,
  readRecords,
  readSnapshot,
  replaceSnapshot,
  type SharedHead,
} from './postgres-statements.ts';

/** Opens the journal and makes its tables where they are missing. Fails with `journal_failed`. */
export async function openPostgresJournal(options: PostgresOptions): Promise<SharedJournal> {
  const settings = resolvePostgresOptions(options);
  const { schema, limits } = settings;
  const writes = new PostgresLink(settings);
  try {
    const opened = await writes.run(
      async (client) => {
        await prepareSchema(client, schema);
        return readHead(client, schema);
      },
      { patienceMs: limits.openPatienceMs },
    );
    return new PostgresJournal(settings, writes, opened);
  } catch (error) {
    await writes.close();
    throw isTrackerError(error) ? error : failed(error);
  }
}

interface Waiting {
  /** What the first of `records` follows. */
  readonly previous: JournalPosition;
  readonly records: readonly JournalRecord[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class PostgresJournal implements SharedJournal {
  readonly isShared: true = true;
  readonly storeId: Uint8Array;
  readonly #settings: PostgresSettings;
  readonly #writes: PostgresLink;
  readonly #reads: PostgresLink;
  #head: JournalPosition;
  #base: number;
  /** What the next record has to follow: the last one given to `append`, or the head of the last turn. */
  #last: JournalPosition;
  #waiting: Waiting[] = [];
  /** Settles when nothing waits and nothing is being committed. */
  #flush: Promise<void> | undefined;
  /** Why nothing is appended until the next turn. */
  #refusal: TrackerError | undefined;
  /** Why nothing is appended or read any more. */
  #damage: TrackerError | undefined;
  /** The connection that holds the lock of a turn. */
  #turn: PostgresClient | undefined;
  #closing: Promise<void> | undefined;
  readonly #watch: HeadWatch;
  readonly #listeners = new Set<() => void>();

  constructor(settings: PostgresSettings, writes: PostgresLink, { storeId, head, base }: SharedHead) {
    const { schema } = settings;
    this.storeId = storeId;
    this.#settings = settings;
    this.#head = head;
    this.#last = head;
    this.#base = base;
    this.#writes = writes;
    this.#reads = new PostgresLink({
      ...settings,
      prepare: (client) => listen(client, schema),
      onNotification: () => void this.#watch.look(),
    });
    const learn = (): Promise<void> => this.#learn(this.#reads, (client) => readHead(client, schema));
    this.#watch = new HeadWatch(settings, learn, (error) => log('cannot look: %s', describe(error)));
    this.#watch.start();
  }

  get head(): JournalPosition {
    return this.#head;
  }

  get base(): number {
    return this.#base;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async refresh(): Promise<void> {
    this.#requireOpen();
    await this.#watch.lookShortly();
    this.#requireWhole();
  }

  async takeTurn(): Promise<void> {
    this.#requireOpen();
    await this.#flush;
    const { schema, limits } = this.#settings;
    await this.#learn(this.#writes, async (client) => {
      const shared = await lockHead(client, schema, limits.turnMs);
      this.#turn = client;
      return shared;
    });
    this.#refusal = undefined;
    this.#last = this.#head;
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#requireOpen();
    this.#requireWhole();
    if (this.#refusal !== undefined) throw this.#refusal;
    const previous = this.#last;
    if (this.#flush === undefined && this.#head.index > previous.index) {
      this.#refusal = overtaken(previous);
      throw this.#refusal;
    }
    checkFollows(previous.index, records);
    this.#last = records.at(-1)?.position ?? previous;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ previous, records, resolve, reject });
    this.#flush ??= this.#commitWaiting();
    return promise;
  }

  async read(...[after, limits]: Parameters<SharedJournal['read']>): Promise<readonly JournalRecord[]> {
    this.#requireOpen();
    checkKept(this.#base, after);
    const { schema } = this.#settings;
    const range = { ...limits, after, upTo: this.#head.index };
    const { base, records } = await this.#asked(
      this.#reads.run((client) => readRecords(client, schema, range)),
    );
    // Another tracker may have dropped entries since.
    this.#base = Math.max(this.#base, base);
    checkKept(this.#base, after);
    return records;
  }

  async readSnapshot(): Promise<JournalSnapshot | undefined> {
    this.#requireOpen();
    const { schema } = this.#settings;
    return this.#asked(this.#onOwnLink((client) => readSnapshot(client, schema)));
  }

  async writeSnapshot(snapshot: JournalSnapshot): Promise<void> {
    this.#requireOpen();
    const { index } = snapshot.position;
    checkKept(this.#base, index);
    const { schema } = this.#settings;
    const isKept = await this.#asked(this.#onOwnLink((client) => replaceSnapshot(client, schema, snapshot)));
    if (!isKept) throw corrupt(index, 'PostgreSQL has another entry there than this tracker');
    this.#base = Math.max(this.#base, index);
  }

  async installSnapshot(): Promise<void> {
    this.#requireOpen();
    throw new TypeError('Cannot replace a shared journal: other trackers use it');
  }

  async truncateAfter(): Promise<void> {
    this.#requireOpen();
    throw new TypeError('Cannot cut a shared journal: all that is in it is acknowledged');
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#watch.close();
    this.#writes.stopRetrying();
    await this.#flush;
    await Promise.all([this.#writes.close(), this.#reads.close()]);
  }

  /** Snapshots are large, and must not hold up anything else. */
  async #onOwnLink<T>(task: (client: PostgresClient) => Promise<T>): Promise<T> {
    await using link = new PostgresLink(this.#settings);
    return await link.run(task, { deadlineMs: this.#settings.limits.snapshotMs });
  }

  async #commitWaiting(): Promise<void> {
    // All appends of this turn come first.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#commit(batch);
    }
    this.#flush = undefined;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const records = batch.flatMap((waiting) => waiting.records);
    const previous = batch[0]?.previous ?? this.#head;
    try {
      if (this.#refusal !== undefined) throw this.#refusal;
      const isKept = await this.#asked(
        this.#writes.run((client) => this.#commitOnce(client, previous, records)),
      );
      if (!isKept) throw overtaken(previous);
      this.#moveTo(records.at(-1)?.position ?? previous);
      for (const waiting of batch) waiting.resolve();
    } catch (error) {
      this.#refusal ??= isTrackerError(error) ? error : failed(error);
      for (const waiting of batch) waiting.reject(this.#refusal);
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

  /** Asks where the journal ends. Fails with `journal_corrupt` where that is before what was acknowledged already. */
  async #learn(link: PostgresLink, ask: (client: PostgresClient) => Promise<SharedHead>): Promise<void> {
    this.#requireWhole();
    const known = this.#head;
    const { head, base, storeId } = await this.#asked(link.run(ask));
    const isKnown = head.index !== known.index || sameBytes(head.hash, known.hash);
    if (head.index < known.index || !isKnown || !sameBytes(storeId, this.storeId)) {
      const what = `it was acknowledged, but PostgreSQL has ${isKnown ? `only ${head.index} entries` : 'another entry'} now`;
      this.#damage = corrupt(known.index, what);
      throw this.#damage;
    }
    this.#base = Math.max(this.#base, base);
    this.#moveTo(head);
  }

  #moveTo(head: JournalPosition): void {
    if (head.index <= this.#head.index) return;
    this.#head = head;
    for (const listener of this.#listeners) listener();
  }

  async #asked<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (cause) {
      throw isTrackerError(cause) ? cause : failed(cause);
    }
  }

  #requireWhole(): void {
    if (this.#damage !== undefined) throw this.#damage;
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new TrackerError('closed', 'Cannot use the journal: it is closed');
  }
}

const log = debug('minitorrent:tracker:postgres');

function overtaken({ index }: JournalPosition): TrackerError {
  const message = `Cannot append entry ${index + 1}: another tracker was first`;
  return new TrackerError('diverged', message);
}

function failed(cause: unknown): TrackerError {
  return new TrackerError('journal_failed', `Cannot use the journal in PostgreSQL: ${describe(cause)}`, {
    cause,
  });
}
