/**
 * Keeps one connection to a tracker logged in as whoever is to be logged in: the first time, when that changes, and again
 * after a while where the tracker could not tell yet whether it knows the user.
 *
 * Where the network proves which device this is, its key is shown and no password: only a tracker that does not know the
 * device gets one, as long as there is one.
 */
import { type Clock, type Connection, type Network, type Random, RpcError } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import type { Credentials, LoginAnswer, TrackerClient } from '../tracker-client.ts';
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
  readonly network: Pick<Network, 'proves'>;
  /** Who is to be logged in at present. */
  credentials(): Credentials | undefined;
  /** That of the first login, while it is known. */
  password(): string | undefined;
  /** The tracker has let the user in. */
  onLetIn(credentials: Credentials, answer: LoginAnswer): void;
  /** The tracker knows this user, and not with this password, or no longer on this device. */
  onRefused(credentials: Credentials, error: RpcError): void;
  /** The tracker does not know the device, and the password is forgotten. */
  onPasswordNeeded(credentials: Credentials, error: RpcError): void;
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
      const answer = await this.#letIn(credentials);
      this.#options.health.answered(answer, this.#options.clock.now());
      this.#loggedInAs = credentials;
      this.#options.onLetIn(credentials, answer);
      return true;
    } catch (error) {
      this.#failed(credentials, error);
      return false;
    }
  }

  async #letIn(credentials: Credentials): Promise<LoginAnswer> {
    const how = { timeoutMs: LOGIN_MS };
    const { network, password } = this.#options;
    if (network.proves) {
      try {
        return await this.#client.resume_session({ userId: credentials.userId }, how);
      } catch (error) {
        if (password() === undefined || !isRemote(error, 'unknown_device')) throw error;
      }
    }
    // Where nothing is proved it is known for as long as somebody is logged in.
    return await this.#client.login({ ...credentials, password: password() ?? '' }, how);
  }

  #failed(credentials: Credentials, error: unknown): void {
    const { health, clock, onRefused, onPasswordNeeded } = this.#options;
    log('cannot log in %s: %s', credentials.userId, String(error));
    health.failed(error, clock.now());
    if (!(error instanceof RpcError) || !error.remote || error.code === 'already_logged_in') {
      // What the tracker makes of this connection is unknown: a new one begins from the beginning.
      this.#connection.abort();
    } else if (REFUSED.has(error.code)) onRefused(credentials, error);
    else if (error.code === 'unknown_device') onPasswordNeeded(credentials, error);
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

/** No other try would change it. */
const REFUSED: ReadonlySet<string> = new Set(['wrong_password', 'device_revoked']);

function isRemote(error: unknown, code: string): boolean {
  return error instanceof RpcError && error.remote && error.code === code;
}
