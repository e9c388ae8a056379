/**
 * Lets a user in: by a tracker, or where none can be reached by the password of their last login on this device.
 */
import { RpcError } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import type { CallOptions } from '../peer.ts';
import type { Credentials } from '../tracker-client.ts';
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
  async signIn(credentials: Credentials, options: CallOptions = {}): Promise<'online' | 'offline'> {
    const { links, offline, patienceMs } = this.#options;
    const canDoWithout = offline.has(credentials.userId);
    const patience = { patienceMs: canDoWithout ? Math.min(OFFLINE_AFTER_MS, patienceMs) : patienceMs };
    try {
      await links.login(credentials, { ...options, ...patience });
      this.#remember(credentials);
      return 'online';
    } catch (error) {
      if (!canDoWithout || !isNobodyThere(error)) throw error;
      await this.#signInOffline(credentials, error);
      return 'offline';
    }
  }

  /** A tracker does not take this password any more: it opens nothing here either. */
  refused({ userId }: Credentials): void {
    this.#options.offline.forget(userId);
  }

  /** Resolves when nothing is written to the library any more. */
  async settled(): Promise<void> {
    await this.#remembering;
  }

  async #signInOffline(credentials: Credentials, cause: unknown): Promise<void> {
    const { links, offline } = this.#options;
    const { userId, password } = credentials;
    if (!(await offline.verify(userId, password))) {
      const message = `Cannot log in as ${userId} without a tracker: this is not the password of the last login on this device`;
      throw new PeerError('wrong_password', message, { cause });
    }
    links.useCredentials(credentials);
  }

  /** Nobody waits for it but the end of this peer. */
  #remember({ userId, password }: Credentials): void {
    this.#remembering = this.#options.offline.remember(userId, password).catch((error: unknown) => {
      log('cannot remember the login of %s: %s', userId, String(error));
    });
  }
}

/** What a login fails with while no tracker decides on it. */
function isNobodyThere(error: unknown): boolean {
  if (error instanceof PeerError) return error.code === 'tracker_unreachable';
  return error instanceof RpcError && error.remote && UNDECIDED.has(error.code);
}

const UNDECIDED: ReadonlySet<string> = new Set(['not_primary', 'no_primary']);
