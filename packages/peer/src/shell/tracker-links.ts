/**
 * All trackers of a peer as one: standing links to each, one user logged in at every one, and calls that any may answer.
 *
 * It holds who is to be logged in, the password for as long as a tracker may need it, and which trackers keep the presence
 * of which group. How a call finds its tracker is
 * the business of `CallRouter`.
 */
import type { Address, Clock, Network, PinnedAddress, Random, Served } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import type { FailoverTimes } from '../failover.ts';
import { KnownPassword } from '../known-password.ts';
import { PresenceKeepers } from '../presence-keepers.ts';
import type { Credentials, Login, LoginAnswer, TrackerClient } from '../tracker-client.ts';
import { wait } from '../waiting.ts';
import { CALL_TIMES, CallRouter, nameOf, type TrackerCall, type TrackerCallOptions } from './call-router.ts';
import { type Line, TrackerLink } from './tracker-link.ts';

const log = createDebug('minitorrent:peer:tracker-links');

/** A tracker counts logins that it cannot decide as failed ones, so they are not tried again as soon as that. */
const LOGIN_TIMES: FailoverTimes = { ...CALL_TIMES, firstPauseMs: 1_000 };
/** What logging out may take: a tracker that is silent ends the session when the connection ends. */
const LOGOUT_MS = 1_500;

export interface TrackerLinksOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * In order of preference, at least one; one that is named twice counts once. Each with its pin where the network proves
   * who answers.
   */
  readonly trackers: readonly PinnedAddress[];
  /** What this peer answers to its trackers. */
  readonly callbacks: Served;
  /** How long a call looks for a tracker that answers, milliseconds. */
  readonly patienceMs: number;
  onConnected(address: Address): void;
  onLost(address: Address, reason: string, code: string | undefined): void;
  /** A tracker has let the user in: after a login, or when it came back. */
  onLetIn(credentials: Credentials, answer: LoginAnswer): void;
  /** The user is logged in nowhere any more: a tracker that should know does not know this password, or device. */
  onRefused(credentials: Credentials, error: RpcError): void;
  /** A tracker lets the user in by the password only, which is forgotten; told once for each tracker and login. */
  onPasswordNeeded(credentials: Credentials, error: RpcError): void;
}

export class TrackerLinks {
  readonly links: readonly TrackerLink[];
  readonly #options: TrackerLinksOptions;
  readonly #keepers: PresenceKeepers<TrackerLink>;
  readonly #router: CallRouter;
  readonly #closing = new AbortController();
  readonly #watchers = new Set<() => void>();
  readonly #password: KnownPassword;
  /** Trackers that did not know the present user's device. */
  readonly #ignorant = new Set<TrackerLink>();
  #credentials: Credentials | undefined;

  constructor(options: TrackerLinksOptions) {
    this.#options = options;
    const addresses = new Map(options.trackers.map((address) => [nameOf(address), address]));
    if (addresses.size === 0) throw new RangeError('A peer needs a tracker, got none');
    const { clock, network } = options;
    this.#password = new KnownPassword({ clock, trackers: addresses.size, proves: network.proves });
    const byName = new Map([...addresses].map(([name, address]) => [name, this.#createLink(address)]));
    this.links = [...byName.values()];
    this.#keepers = new PresenceKeepers(byName);
    this.#router = new CallRouter({
      ...options,
      closing: this.#closing.signal,
      links: () => this.links,
      keepersOf: (groupId) => this.keepersOf(groupId),
      watch: (tell) => this.watch(tell),
      hasCredentials: () => this.#credentials !== undefined,
    });
  }

  /** Who is to be logged in. */
  get credentials(): Credentials | undefined {
    return this.#credentials;
  }

  /** The links whose trackers are told who has the files of this group. */
  keepersOf(groupId: string): TrackerLink[] {
    return this.#keepers.of(groupId, (link) => link.isLive);
  }

  /** Calls `tell` whenever a link may have come or gone; answers how to stop that. */
  watch(tell: () => void): () => void {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  }

  /**
   * Makes `call` on the best tracker, and on the next one where that fails or stays silent.
   * Fails with `tracker_unreachable` when patience is over, and with the trackers' own coded errors.
   */
  async call<R>(call: TrackerCall<R>, options: TrackerCallOptions = {}): Promise<R> {
    const ask = (line: Line, signal: AbortSignal): Promise<R> => this.#router.ask(line, call, signal);
    return await this.#router.attempt({ ...options, ask });
  }

  /** Makes `call` on every other tracker that has the presence of the group, and does not wait for what comes of it. */
  tellOtherKeepers<R>(groupId: string, asked: TrackerClient, call: TrackerCall<R>): void {
    for (const link of this.keepersOf(groupId)) {
      const { line } = link;
      if (line === undefined || line.client === asked) continue;
      this.#router.ask(line, call, this.#closing.signal).catch((error: unknown) => {
        log('a call that is not waited for failed: %s', String(error));
      });
    }
  }

  /**
   * Logs in at the best tracker; the others follow by themselves, now and whenever they come back. Fails as `call`.
   * Answers who is logged in from now on.
   */
  async login({ password, ...credentials }: Login, options: TrackerCallOptions = {}): Promise<Credentials> {
    const ask = (line: Line, signal: AbortSignal): Promise<void> =>
      this.#loginAt(line, { credentials, password }, signal);
    await this.#router.attempt({ ...options, ask, isRead: true, times: LOGIN_TIMES });
    return credentials;
  }

  /** Somebody is to be logged in wherever that becomes possible. */
  useLogin({ password, ...credentials }: Login): Credentials {
    this.#password.keep(password);
    void this.#setCredentials(credentials);
    return credentials;
  }

  /** The user's password is another one now. */
  passwordChanged(password: string): void {
    this.#password.changed(password);
  }

  /** Logs out everywhere; where that cannot be said, the connection ends. */
  async logout(): Promise<void> {
    const { clock } = this.#options;
    const done = new AbortController();
    const everywhere = this.#setCredentials(undefined).then(() => done.abort());
    await Promise.race([everywhere, wait(clock, LOGOUT_MS, done.signal)]);
  }

  /** Closes every connection and ends every call with `closed`. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new PeerError('closed', 'Cannot go on: this peer is closed'));
    this.#password.forget();
    await Promise.all(this.links.map((link) => link.close()));
  }

  #createLink(address: PinnedAddress): TrackerLink {
    const { network, clock, random, callbacks, onConnected, onLost } = this.#options;
    const { host, port } = address;
    const link: TrackerLink = new TrackerLink({
      ...{ network, clock, random, address, callbacks },
      credentials: () => this.#credentials,
      password: () => this.#password.value,
      onLetIn: (credentials, answer) => this.#letIn(link, credentials, answer),
      onPasswordNeeded: (credentials, error) => this.#passwordNeeded(link, credentials, error),
      onRefused: (credentials, error) => this.#refused(credentials, error),
      onChange: () => this.#tell(),
      onConnected: () => onConnected({ host, port }),
      onLost: (reason, code) => onLost({ host, port }, reason, code),
    });
    return link;
  }

  #tell(): void {
    for (const tell of [...this.#watchers]) tell();
  }

  async #setCredentials(credentials: Credentials | undefined): Promise<void> {
    if (credentials !== this.#credentials) this.#ignorant.clear();
    if (credentials === undefined) this.#password.forget();
    this.#credentials = credentials;
    // Whoever is not that user yet cannot be used, until it is.
    this.#tell();
    await Promise.all(this.links.map((link) => link.refresh()));
  }

  /** Believed unless another tracker, which is not a backup, has the user logged in: then one of the two is mistaken. */
  #refused(credentials: Credentials, error: RpcError): void {
    if (this.#credentials !== credentials) return;
    const isKnown = this.links.some(
      (link) => link.hasLoggedIn(credentials) && link.health.staleSinceMs === undefined,
    );
    if (isKnown) return;
    void this.#setCredentials(undefined);
    this.#options.onRefused(credentials, error);
  }

  #letIn(link: TrackerLink, credentials: Credentials, answer: LoginAnswer): void {
    if (this.#credentials !== credentials) return;
    this.#ignorant.delete(link);
    this.#password.letInAt(link);
    this.#options.onLetIn(credentials, answer);
  }

  #passwordNeeded(link: TrackerLink, credentials: Credentials, error: RpcError): void {
    if (this.#credentials !== credentials || this.#ignorant.has(link)) return;
    this.#ignorant.add(link);
    this.#options.onPasswordNeeded(credentials, error);
  }

  async #loginAt(
    line: Line,
    { credentials, password }: { readonly credentials: Credentials; readonly password: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const { health } = line.link;
    try {
      const answer = await line.client.login({ ...credentials, password }, { signal });
      health.answered(answer, clock.now());
      line.link.loggedIn(credentials);
      if (this.#credentials !== credentials) this.#password.keep(password);
      void this.#setCredentials(credentials);
      this.#letIn(line.link, credentials, answer);
    } catch (error) {
      health.failed(error, clock.now());
      // Whether the tracker has logged the user in is unknown: a new connection begins from the beginning.
      if (!(error instanceof RpcError) || !error.remote) line.connection.abort();
      throw error;
    }
  }
}
