/**
 * A journal in PostgreSQL that any number of trackers append to.
 *
 * How they append without getting in each other's way is `postgres-appender.ts`. `head` moves with what the others append,
 * too: on a notification, which is only a hint, and else on a poll. What was acknowledged is never cut or replaced.
 */
import debug from 'debug';
import type { JournalRecord } from '../entry.ts';
import { corrupt } from '../entry.ts';
import { describe, TrackerError } from '../errors.ts';
import type { JournalSize, JournalSnapshot, SharedJournal, SnapshotOptions } from '../journal/journal.ts';
import { checkKept, dropsUpTo } from '../journal/journal.ts';
import { KnownHead, type SharedHead } from '../journal/known-head.ts';
import type { JournalPosition } from '../messages.ts';
import { PostgresAppender } from './postgres-appender.ts';
import { HeadWatch } from './postgres-head-watch.ts';
import { type PostgresClient, PostgresLink } from './postgres-link.ts';
import { type PostgresOptions, type PostgresSettings, resolvePostgresOptions } from './postgres-options.ts';
import { prepareSchema } from './postgres-schema.ts';
import {
  listen,
  measure,
  orJournalFailed,
  readHead,
  readRecords,
  readSnapshot,
  replaceSnapshot,
} from './postgres-statements.ts';

/** Opens the journal and makes its tables where they are missing. Fails with `journal_failed`. */
export async function openPostgresJournal(options: PostgresOptions): Promise<SharedJournal> {
  const settings = resolvePostgresOptions(options);
  const { schema, limits } = settings;
  const writes = new PostgresLink(settings);
  const open = async (client: PostgresClient): Promise<SharedHead> => {
    await prepareSchema(client, schema);
    return readHead(client, schema);
  };
  try {
    const opened = await orJournalFailed(writes.run(open, { patienceMs: limits.openPatienceMs }));
    return new PostgresJournal(settings, writes, opened);
  } catch (error) {
    await writes.close();
    throw error;
  }
}

class PostgresJournal implements SharedJournal {
  readonly isShared: true = true;
  readonly #settings: PostgresSettings;
  readonly #head: KnownHead;
  readonly #appender: PostgresAppender;
  readonly #reads: PostgresLink;
  readonly #watch: HeadWatch;
  #closing: Promise<void> | undefined;

  constructor(settings: PostgresSettings, writes: PostgresLink, opened: SharedHead) {
    const { schema } = settings;
    this.#settings = settings;
    this.#head = new KnownHead(opened);
    this.#appender = new PostgresAppender(settings, writes, this.#head);
    this.#reads = new PostgresLink({
      ...settings,
      prepare: (client) => listen(client, schema),
      onNotification: () => void this.#watch.look(),
    });
    const ask = (): Promise<SharedHead> =>
      orJournalFailed(this.#reads.run((client) => readHead(client, schema)));
    const onFailure = (error: unknown): void => log('cannot look: %s', describe(error));
    this.#watch = new HeadWatch(settings, () => this.#head.learn(ask), onFailure);
    this.#watch.start();
  }

  get storeId(): Uint8Array {
    return this.#head.storeId;
  }

  get head(): JournalPosition {
    return this.#head.position;
  }

  get base(): number {
    return this.#head.base;
  }

  watch(listener: () => void): () => void {
    return this.#head.watch(listener);
  }

  async refresh(): Promise<boolean> {
    this.#requireOpen();
    const hasLearnt = await this.#watch.lookShortly();
    this.#head.requireWhole();
    return hasLearnt;
  }

  async takeTurn(): Promise<void> {
    this.#requireOpen();
    await this.#appender.takeTurn();
  }

  async append(records: readonly JournalRecord[]): Promise<void> {
    this.#requireOpen();
    await this.#appender.append(records);
  }

  async read(...[after, limits]: Parameters<SharedJournal['read']>): Promise<readonly JournalRecord[]> {
    this.#requireOpen();
    checkKept(this.base, after);
    const { schema } = this.#settings;
    const range = { ...limits, after, upTo: this.head.index };
    const { base, records } = await orJournalFailed(
      this.#reads.run((client) => readRecords(client, schema, range)),
    );
    // Another tracker may have dropped entries since.
    this.#head.raiseBase(base);
    checkKept(this.base, after);
    return records;
  }

  async readSnapshot(): Promise<JournalSnapshot | undefined> {
    this.#requireOpen();
    const { schema } = this.#settings;
    return this.#onOwnLink((client) => readSnapshot(client, schema));
  }

  async writeSnapshot(snapshot: JournalSnapshot, options?: SnapshotOptions): Promise<void> {
    this.#requireOpen();
    options?.signal?.throwIfAborted();
    const { index } = snapshot.position;
    if (index === 0) return;
    if (index > this.head.index) {
      throw new RangeError(
        `Cannot keep a snapshot of entry ${index}: the journal ends at entry ${this.head.index}`,
      );
    }
    const { schema } = this.#settings;
    const dropUpTo = dropsUpTo(index, options);
    const outcome = await this.#onOwnLink((client) =>
      replaceSnapshot(client, schema, { snapshot, dropUpTo }),
    );
    if (outcome === 'refused') throw corrupt(index, 'PostgreSQL has another entry there than this tracker');
    if (outcome === 'kept') this.#head.raiseBase(dropUpTo);
  }

  async installSnapshot(): Promise<void> {
    this.#requireOpen();
    throw new TypeError('Cannot replace a shared journal: other trackers use it');
  }

  async truncateAfter(): Promise<void> {
    this.#requireOpen();
    throw new TypeError('Cannot cut a shared journal: all that is in it is acknowledged');
  }

  async size(): Promise<JournalSize> {
    this.#requireOpen();
    const { schema } = this.#settings;
    return orJournalFailed(this.#reads.run((client) => measure(client, schema)));
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
    await Promise.all([this.#appender.close(), this.#reads.close()]);
  }

  /** Snapshots are large, and must not hold up anything else. */
  async #onOwnLink<T>(task: (client: PostgresClient) => Promise<T>): Promise<T> {
    await using link = new PostgresLink(this.#settings);
    return await orJournalFailed(link.run(task, { deadlineMs: this.#settings.limits.snapshotMs }));
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new TrackerError('closed', 'Cannot use the journal: it is closed');
  }
}

const log = debug('minitorrent:tracker:postgres');
