/**
 * One connection to PostgreSQL that comes back: tasks run on it one after another, and again on a new one where the
 * connection was lost.
 *
 * What affects a task:
 * - a task that is run again may have been carried out already, so every task must be one that bears it;
 * - a connection counts as lost when it says so, when PostgreSQL is stopping, starting or no longer writable, and when a
 *   statement takes too long; any other error of PostgreSQL ends the task at once;
 * - tries are bounded by the time since the first one, with pauses that double and are partly random, so that many
 *   trackers do not come back in step;
 * - after `stopRetrying` and `close` the tasks that were given come to their end, but nothing is tried again.
 */
import { Socket } from 'node:net';
import { Client, DatabaseError } from 'pg';
import { TrackerError } from '../errors.ts';
import type { PostgresSettings } from './postgres-options.ts';

/** What a task may do with the connection that it is given. */
export type PostgresClient = Pick<Client, 'query'>;

export interface LinkOptions extends PostgresSettings {
  /** Run on every new connection before anything else. */
  readonly prepare?: (client: PostgresClient) => Promise<unknown>;
  /** Told of every notification on a channel that `prepare` listens to. */
  readonly onNotification?: () => void;
}

export interface RunOptions {
  /** `limits.patienceMs` unless told. */
  readonly patienceMs?: number;
  /** `limits.statementMs` unless told; of the task as a whole. */
  readonly deadlineMs?: number;
}

/** A connection and the socket below it, by which it can be given up at once. */
interface Connected {
  readonly client: Client;
  readonly socket: Socket;
}

/** Notices that the connection is gone, not that PostgreSQL refused something. */
class ConnectionLost extends Error {
  override readonly name: string = 'ConnectionLost';
}

export class PostgresLink implements AsyncDisposable {
  readonly #options: LinkOptions;
  #connected: Connected | undefined;
  #lastTask: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;
  #isRetrying = true;
  /** Ends the pause between two tries. */
  #wake: () => void = () => {};

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Fails as the task does, with the last loss of the connection, and with `closed`. */
  run<T>(task: (client: PostgresClient) => Promise<T>, options: RunOptions = {}): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(new TrackerError('closed', 'Cannot use PostgreSQL: the connection was closed'));
    }
    const outcome = this.#lastTask.then(() => this.#runUntilDone(task, options));
    this.#lastTask = outcome.catch(() => undefined);
    return outcome;
  }

  /** From now on the first loss of the connection ends a task. */
  stopRetrying(): void {
    this.#isRetrying = false;
    this.#wake();
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.stopRetrying();
    await this.#lastTask;
    const connected = this.#connected;
    this.#connected = undefined;
    await connected?.client.end();
  }

  async #runUntilDone<T>(
    task: (client: PostgresClient) => Promise<T>,
    { patienceMs = this.#options.limits.patienceMs, deadlineMs }: RunOptions,
  ): Promise<T> {
    const { clock } = this.#options;
    const giveUpAt = clock.now() + patienceMs;
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#runOnce(task, deadlineMs);
      } catch (error) {
        this.#drop();
        if (!isLost(error) || !this.#isRetrying || clock.now() >= giveUpAt) throw error;
      }
      await this.#pause(failures);
    }
  }

  async #runOnce<T>(
    task: (client: PostgresClient) => Promise<T>,
    deadlineMs: number = this.#options.limits.statementMs,
  ): Promise<T> {
    this.#connected ??= await this.#connect();
    return this.#within(deadlineMs, this.#connected, task(this.#connected.client));
  }

  async #connect(): Promise<Connected> {
    const { url, limits, prepare } = this.#options;
    const socket = new Socket();
    const client = new Client({
      connectionString: url,
      stream: () => socket,
      keepAlive: true,
      fallback_application_name: 'minitorrent tracker',
    });
    const connected = { client, socket };
    this.#watch(connected);
    try {
      await this.#within(limits.statementMs, connected, client.connect());
      await this.#within(limits.statementMs, connected, prepareSession(client, prepare));
      return connected;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #watch(connected: Connected): void {
    connected.client.on('error', () => {
      if (this.#connected === connected) this.#drop();
    });
    connected.client.on('notification', () => this.#options.onNotification?.());
  }

  /** Waits for `work` on a connection, which is given up when that takes too long. */
  async #within<T>(deadlineMs: number, { socket }: Connected, work: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = this.#options.clock.schedule(deadlineMs, () => {
      socket.destroy();
      reject(new ConnectionLost(`no answer for ${deadlineMs} ms`));
    });
    try {
      return await Promise.race([work, promise]);
    } finally {
      cancel();
    }
  }

  #drop(): void {
    this.#connected?.socket.destroy();
    this.#connected = undefined;
  }

  async #pause(failures: number): Promise<void> {
    const { clock, random, limits } = this.#options;
    const longest = Math.min(limits.maxRetryMs, limits.firstRetryMs * 2 ** Math.min(failures, 20));
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.schedule(longest - (longest / 2) * (random.integer(1_000) / 1_000), resolve);
    this.#wake = resolve;
    await promise;
    cancel();
  }
}

/** What is acknowledged must be on the disk, whatever the server's or the role's defaults are. */
async function prepareSession(client: Client, prepare: LinkOptions['prepare']): Promise<void> {
  const { rows } = await client.query<{ fsync: string }>(
    `SELECT current_setting('fsync') AS fsync,
       CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END`,
  );
  if (rows[0]?.fsync === 'off') {
    throw new TrackerError(
      'journal_failed',
      'Cannot use this PostgreSQL: it runs with fsync = off and would lose what was acknowledged; turn fsync on',
    );
  }
  await prepare?.(client);
}

/** Shutting down or starting, too many connections, a standby now, or a conflict that trying again resolves. */
const PASSING = /^(?:08|57P0|53300|25006|25P03|40001|40P01)/;

function isLost(error: unknown): boolean {
  if (error instanceof ConnectionLost) return true;
  if (error instanceof DatabaseError) return PASSING.test(error.code ?? '');
  if (error instanceof TrackerError || error instanceof TypeError || error instanceof RangeError)
    return false;
  // node-postgres says everything else of a socket: refused, reset, ended, not found.
  return error instanceof Error;
}
