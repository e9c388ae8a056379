/**
 * Lets a user in: by a tracker, or where none can be reached by the password of their last login on this device.
 */
import { RpcError } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import type { CallOptions } from '../groups.ts';
import type { Credentials, Login } from '../tracker-client.ts';
import type { OfflineLogins } from './offline-logins.ts';
import type { TrackerLinks } from './tracker-links.ts';

const log = createDebug('minitorrent:peer:sign-in');

/** How long a login looks for a tracker where it can do without: as long as one tracker takes over from another. */
const OFFLINE_AFTER_MS = 3_000;

export interface SignInOptions {
  readonly links: TrackerLinks;
  readonly offline: OfflineLogins;
  /** How long a login looks for a tracker where it cannot do without, milliseconds. */
  readonly patienceMs: number;
}

/** Who is logged in from now on, and whether a tracker let them in. */
export interface SignedIn {
  readonly credentials: Credentials;
  readonly how: 'online' | 'offline';
}

export class SignIn {
  readonly #options: SignInOptions;
  #remembering: Promise<void> = Promise.resolve();

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /**
   * From now on the user is logged in wherever that is possible. Fails with `wrong_password`, also without a tracker, and
   * otherwise as a call does.
   */
  async signIn(login: Login, options: CallOptions = {}): Promise<SignedIn> {
    const { links, offline, patienceMs } = this.#options;
    // Of the last login on this device, or change of the password.
    await this.settled();
    const canDoWithout = offline.has(login.userId);
    const patience = { patienceMs: canDoWithout ? Math.min(OFFLINE_AFTER_MS, patienceMs) : patienceMs };
    try {
      const credentials = await links.login(login, { ...options, ...patience });
      this.remember(login);
      return { credentials, how: 'online' };
    } catch (error) {
      if (!canDoWithout || !isNobodyThere(error)) throw error;
      return { credentials: await this.#signInOffline(login, error), how: 'offline' };
    }
  }

  /** A tracker does not take this password, or device, any more: it opens nothing here either. */
  refused({ userId }: Credentials): void {
    const { offline } = this.#options;
    offline.forget(userId);
    // What is still being remembered is of before.
    this.#next(userId, () => offline.forget(userId));
  }

  /** Resolves when nothing is written to the library any more. */
  async settled(): Promise<void> {
    await this.#remembering;
  }

  /** A tracker takes this password: by it the user can log in without one. Nobody waits for that but the end of this peer. */
  remember({ userId, password }: Pick<Login, 'userId' | 'password'>): void {
    const { offline } = this.#options;
    this.#next(userId, () => offline.remember(userId, password));
  }

  /** One after the other: what was said last is what counts. */
  #next(userId: string, write: () => Promise<void> | void): void {
    this.#remembering = this.#remembering
      .then(write)
      .catch((error: unknown) => log('cannot change the login of %s: %s', userId, String(error)));
  }

  async #signInOffline(login: Login, cause: unknown): Promise<Credentials> {
    const { links, offline } = this.#options;
    const { userId, password } = login;
    if (!(await offline.verify(userId, password))) {
      const message = `Cannot log in as ${userId} without a tracker: this is not the password of the last login on this device`;
      throw new PeerError('wrong_password', message, { cause });
    }
    return links.useLogin(login);
  }
}

/** What a login fails with while no tracker decides on it. */
function isNobodyThere(error: unknown): boolean {
  if (error instanceof PeerError) return error.code === 'tracker_unreachable';
  return error instanceof RpcError && error.remote && UNDECIDED.has(error.code);
}

const UNDECIDED: ReadonlySet<string> = new Set(['not_primary', 'no_primary']);
