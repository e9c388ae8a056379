/**
 * The peer's standing connection to one tracker.
 *
 * It connects, logs in whoever is to be logged in, says when it can be used, and begins again when the connection breaks.
 * A tracker that leaves a call without an answer is asked whether it lives, and given up when it does not say. What is
 * called over it, and whether another tracker is asked instead, is its user's business.
 */
import type { Address, Client, Clock, Connection, Network, Random, Served } from '@minitorrent/rpc-core';
import { createConnection, RpcError } from '@minitorrent/rpc-core';
import { trackerContract } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { RedialDelay } from '../redial-delay.ts';
import { TrackerHealth } from '../tracker-health.ts';
import { settledBy, untilAborted, wait } from '../waiting.ts';

const log = createDebug('minitorrent:peer:tracker-link');

/** From the first packet to the tracker's greeting. */
const OPEN_MS = 3_000;
/** A tracker checks two passwords at a time, and has a queue for them. */
const LOGIN_MS = 10_000;
const LOGOUT_MS = 1_500;
/** A tracker that was silent for a while has this long to answer anything at all. */
const PROBE_MS = 4_000;
/** Before a login that a tracker could not decide is tried again; it doubles each time, because trackers count failures. */
const FIRST_LOGIN_PAUSE_MS = 1_000;
const LONGEST_LOGIN_PAUSE_MS = 60_000;
/** What the end of a connection may take here when the peer closes. */
const CLOSE_MS = 1_000;

export type TrackerClient = Client<typeof trackerContract>;

/** Who is to be logged in at every tracker; compared by reference. */
export interface Identity {
  readonly userId: string;
  readonly password: string;
  readonly deviceId: Uint8Array;
}

/** An open connection, for as long as calls can be made over it. */
export interface Line {
  readonly link: TrackerLink;
  readonly connection: Connection;
  readonly client: TrackerClient;
}

export interface TrackerLinkOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly address: Address;
  /** What this peer answers to the tracker. */
  readonly callbacks: Served;
  /** Who is to be logged in at present. */
  identity(): Identity | undefined;
  /** The tracker knows this user, and not with this password. */
  onRefused(identity: Identity, error: RpcError): void;
  /** `line` or `isLive` may have changed. */
  onChange(): void;
  onConnected(): void;
  onLost(reason: string): void;
}

export class TrackerLink {
  readonly address: Address;
  readonly health: TrackerHealth = new TrackerHealth();
  readonly #options: TrackerLinkOptions;
  readonly #redial: RedialDelay;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #line: Line | undefined;
  #loggedInAs: Identity | undefined;
  #introducing: Promise<void> | undefined;
  #wakeIntroduction: () => void = () => undefined;
  #isProbed = false;
  #lastFailure: unknown;

  constructor(options: TrackerLinkOptions) {
    this.#options = options;
    this.address = options.address;
    this.#redial = new RedialDelay(options.random);
    this.#running = this.#run();
  }

  /** Where calls can be made; undefined without a connection, and before whoever is to be logged in is. */
  get line(): Line | undefined {
    return this.#loggedInAs === this.#options.identity() ? this.#line : undefined;
  }

  /** Calls can be made, and there is no doubt that they are answered. */
  get isLive(): boolean {
    return this.line !== undefined && !this.health.isDoubtful;
  }

  /** Whether the tracker has said that the user is who they say, as far as this connection goes. */
  hasLoggedIn(identity: Identity): boolean {
    return this.#line !== undefined && this.#loggedInAs === identity;
  }

  /** Why there is no connection, or was none before this one. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** The user logged in over this link's line. */
  loggedIn(identity: Identity): void {
    this.#loggedInAs = identity;
  }

  /** Somebody else is to be logged in, or nobody; resolves when that is so, or cannot be. */
  async refresh(): Promise<void> {
    this.#wakeIntroduction();
    // It may have come to its end just now, for whoever was to be logged in before.
    await this.#introducing;
    if (this.#line !== undefined) await this.#introduce(this.#line);
  }

  /** A call over this link had no answer for a while: asks whether the tracker lives. */
  wasSilent(): void {
    const line = this.#line;
    if (line === undefined || this.#isProbed) return;
    this.health.wasSilent();
    this.#options.onChange();
    this.#isProbed = true;
    void this.#probe(line).finally(() => {
      this.#isProbed = false;
      this.#options.onChange();
    });
  }

  /** Ends the connection. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort(new RpcError('closed', 'This peer is closing'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const { clock } = this.#options;
    while (!signal.aborted) {
      await wait(clock, this.#redial.delayMs(clock.now()), signal);
      if (signal.aborted) return;
      await this.#useOnce(signal).catch((error: unknown) => {
        log('cannot use tracker %o: %s', this.address, String(error));
        this.#lastFailure = error;
      });
      this.#redial.failed(clock.now());
      this.#options.onChange();
    }
  }

  /** One connection, from its beginning to its end. */
  async #useOnce(signal: AbortSignal): Promise<void> {
    const { onConnected, onLost } = this.#options;
    const connection = await this.#open(signal);
    const line: Line = { link: this, connection, client: connection.client(trackerContract) };
    this.#line = line;
    this.#loggedInAs = undefined;
    this.health.connected();
    await this.#introduce(line);
    const isIntroduced = !connection.signal.aborted;
    if (isIntroduced) {
      this.#redial.succeeded();
      onConnected();
    }
    const reason = await connection.closed;
    this.#line = undefined;
    this.#lastFailure = reason.kind === 'failed' ? reason.error : undefined;
    if (!isIntroduced || signal.aborted) return;
    onLost(reason.kind === 'failed' ? reason.error.message : 'it closed the connection');
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    const { network, clock, callbacks } = this.#options;
    const late = new AbortController();
    const disarm = clock.schedule(OPEN_MS, () => late.abort(noGreeting(this.address)));
    const eitherSignal = AbortSignal.any([signal, late.signal]);
    try {
      const channel = await network.connect(this.address, { signal: eitherSignal });
      const connection = createConnection({ channel, clock, serve: [callbacks], trusted: true });
      signal.addEventListener('abort', () => this.#hangUp(connection), { once: true });
      await untilAborted(connection.opened, eitherSignal).catch((error: unknown) => {
        connection.abort();
        throw error;
      });
      return connection;
    } finally {
      disarm();
    }
  }

  /** In good order where the tracker answers in time. */
  #hangUp(connection: Connection): void {
    const cut = new AbortController();
    const disarm = this.#options.clock.schedule(this.health.isDoubtful ? 0 : CLOSE_MS, () => cut.abort());
    void connection.close({ signal: cut.signal }).then(disarm);
  }

  /** Until whoever is to be logged in is, however long it takes, or the connection ends. Never rejects. */
  async #introduce(line: Line): Promise<void> {
    this.#introducing ??= this.#changeUntilRight(line).finally(() => {
      this.#introducing = undefined;
      this.#options.onChange();
    });
    await this.#introducing;
  }

  async #changeUntilRight(line: Line): Promise<void> {
    const { signal } = line.connection;
    for (let refusals = 0; !signal.aborted; refusals += 1) {
      const identity = this.#options.identity();
      if (this.#loggedInAs === identity) return;
      const isDone = await this.#change(line, identity);
      if (!isDone && !signal.aborted) await this.#untilNextLogin(refusals, signal);
    }
  }

  /** Logs out whoever is logged in, or logs in `identity`. False where it has to be tried again later. */
  async #change(line: Line, identity: Identity | undefined): Promise<boolean> {
    if (this.#loggedInAs !== undefined || identity === undefined) {
      await this.#logout(line);
      return true;
    }
    try {
      const answer = await line.client.login(identity, { timeoutMs: LOGIN_MS });
      this.health.answered(answer, this.#options.clock.now());
      this.#loggedInAs = identity;
      return true;
    } catch (error) {
      return this.#loginFailed(line, identity, error);
    }
  }

  #loginFailed(line: Line, identity: Identity, error: unknown): boolean {
    log('cannot log in %s at %o: %s', identity.userId, this.address, String(error));
    this.health.failed(error, this.#options.clock.now());
    if (!(error instanceof RpcError) || !error.remote || error.code === 'already_logged_in') {
      // What the tracker makes of this connection is unknown: a new one begins from the beginning.
      line.connection.abort();
      return false;
    }
    this.#lastFailure = error;
    if (error.code === 'wrong_password') this.#options.onRefused(identity, error);
    return false;
  }

  async #logout(line: Line): Promise<void> {
    this.#loggedInAs = undefined;
    try {
      await line.client.logout({}, { timeoutMs: LOGOUT_MS });
    } catch (error) {
      log('cannot log out at %o: %s', this.address, String(error));
      if (!(error instanceof RpcError) || error.code !== 'not_logged_in') line.connection.abort();
    }
  }

  async #untilNextLogin(refusals: number, signal: AbortSignal): Promise<void> {
    const { clock, identity, random } = this.#options;
    // Whoever was refused may be nobody any more.
    if (identity() === undefined) return;
    const fullMs = Math.min(LONGEST_LOGIN_PAUSE_MS, FIRST_LOGIN_PAUSE_MS * 2 ** Math.min(refusals, 30));
    const pauseMs = fullMs / 2 + random.integer(fullMs / 2 + 1);
    await settledBy(signal, (settle) => {
      this.#wakeIntroduction = settle;
      return clock.schedule(pauseMs, settle);
    });
  }

  /** An announce of nothing, by nobody: whatever comes back, the tracker lives. */
  async #probe({ client, connection }: Line): Promise<void> {
    const { clock } = this.#options;
    try {
      this.health.answered(
        await client.announce({ port: 0, files: [] }, { timeoutMs: PROBE_MS }),
        clock.now(),
      );
    } catch (error) {
      this.health.failed(error, clock.now());
      if (this.health.isDoubtful) connection.abort(new RpcError('idle_timeout', 'it does not answer'));
    }
  }
}

function noGreeting({ host, port }: Address): RpcError {
  return new RpcError('connect_failed', `The tracker at ${host}:${port} did not answer within ${OPEN_MS} ms`);
}
