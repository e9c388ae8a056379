/**
 * Keeps one connection to a tracker logged in as whoever is to be logged in: the first time, when that changes, and again
 * after a while where the tracker could not tell yet whether it knows the user.
 */
import { type Clock, type Connection, type Random, RpcError } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import type { Credentials, TrackerClient } from '../tracker-client.ts';
import type { TrackerHealth } from '../tracker-health.ts';
import { settledBy } from '../waiting.ts';

const log = createDebug('minitorrent:peer:introduction');

/** A tracker checks two passwords at a time, and has a queue for them. */
const LOGIN_MS = 10_000;
const LOGOUT_MS = 1_500;
/** Before a login that a tracker could not decide is tried again; it doubles each time, because trackers count failures. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface IntroductionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly health: TrackerHealth;
  /** Who is to be logged in at present. */
  credentials(): Credentials | undefined;
  /** The tracker knows this user, and not with this password. */
  onRefused(credentials: Credentials, error: RpcError): void;
  /** It came to an end: whoever is to be logged in is, or the connection is over. */
  onEnd(): void;
}

export class Introduction {
  readonly #connection: Connection;
  readonly #client: TrackerClient;
  readonly #options: IntroductionOptions;
  #loggedInAs: Credentials | undefined;
  #running: Promise<void> | undefined;
  #wake: () => void = () => undefined;

  constructor(connection: Connection, client: TrackerClient, options: IntroductionOptions) {
    this.#connection = connection;
    this.#client = client;
    this.#options = options;
  }

  /** Whether the tracker has let this user in, over this connection. */
  hasLoggedIn(credentials: Credentials): boolean {
    return this.#loggedInAs === credentials;
  }

  /** Whoever is to be logged in is. */
  get isRight(): boolean {
    return this.#loggedInAs === this.#options.credentials();
  }

  /** The user logged in over the line by a call of their own. */
  loggedIn(credentials: Credentials): void {
    this.#loggedInAs = credentials;
  }

  /** Until whoever is to be logged in is, however long it takes, or the connection ends. Never rejects. */
  async run(): Promise<void> {
    this.#wake();
    // It may have come to its end just now, for whoever was to be logged in before.
    await this.#running;
    this.#running ??= this.#changeUntilRight().finally(() => {
      this.#running = undefined;
      this.#options.onEnd();
    });
    await this.#running;
  }

  async #changeUntilRight(): Promise<void> {
    const { signal } = this.#connection;
    for (let refusals = 0; !signal.aborted && !this.isRight; refusals += 1) {
      const isDone = await this.#change(this.#options.credentials());
      if (!isDone && !signal.aborted) await this.#untilNextLogin(refusals, signal);
    }
  }

  /** Logs out whoever is logged in, or logs in `credentials`. False where it has to be tried again later. */
  async #change(credentials: Credentials | undefined): Promise<boolean> {
    if (this.#loggedInAs !== undefined || credentials === undefined) {
      await this.#logout();
      return true;
    }
    try {
      const answer = await this.#client.login(credentials, { timeoutMs: LOGIN_MS });
      this.#options.health.answered(answer, this.#options.clock.now());
      this.#loggedInAs = credentials;
      return true;
    } catch (error) {
      this.#failed(credentials, error);
      return false;
    }
  }

  #failed(credentials: Credentials, error: unknown): void {
    const { health, clock, onRefused } = this.#options;
    log('cannot log in %s: %s', credentials.userId, String(error));
    health.failed(error, clock.now());
    if (!(error instanceof RpcError) || !error.remote || error.code === 'already_logged_in') {
      // What the tracker makes of this connection is unknown: a new one begins from the beginning.
      this.#connection.abort();
    } else if (error.code === 'wrong_password') onRefused(credentials, error);
  }

  async #logout(): Promise<void> {
    this.#loggedInAs = undefined;
    try {
      await this.#client.logout({}, { timeoutMs: LOGOUT_MS });
    } catch (error) {
      log('cannot log out: %s', String(error));
      if (!(error instanceof RpcError) || error.code !== 'not_logged_in') this.#connection.abort();
    }
  }

  async #untilNextLogin(refusals: number, signal: AbortSignal): Promise<void> {
    const { clock, credentials, random } = this.#options;
    // Whoever was refused may be nobody any more.
    if (credentials() === undefined) return;
    const fullMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(refusals, 30));
    const pauseMs = fullMs / 2 + random.integer(fullMs / 2 + 1);
    await settledBy(signal, (settle) => {
      this.#wake = settle;
      return clock.schedule(pauseMs, settle);
    });
  }
}
