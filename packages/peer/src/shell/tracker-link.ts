/**
 * The peer's standing connection to one tracker.
 *
 * It connects, has whoever is to be logged in introduced, says when it can be used, and begins again when the connection
 * breaks. A tracker that leaves a call without an answer is asked whether it lives, and given up when it does not say.
 * Another device in the tracker's place is told nothing: it is reported, once, and the place is looked at now and then.
 * What is called over it, and whether another tracker is asked instead, is its user's business.
 */
import type {
  Address,
  Clock,
  Connection,
  Network,
  PinnedAddress,
  Random,
  Served,
} from '@minitorrent/rpc-core';
import { createConnection, RpcError, whoToExpect } from '@minitorrent/rpc-core';
import { trackerContract } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { RedialDelay } from '../redial-delay.ts';
import type { Credentials, TrackerClient } from '../tracker-client.ts';
import { TrackerHealth } from '../tracker-health.ts';
import { untilAborted, wait } from '../waiting.ts';
import { Introduction, type IntroductionOptions } from './introduction.ts';

const log = createDebug('minitorrent:peer:tracker-link');

/** From the first packet to the tracker's greeting. */
const OPEN_MS = 3_000;
/** A tracker that was silent for a while has this long to answer anything at all. */
const PROBE_MS = 4_000;
/** What the end of a connection may take here when the peer closes. */
const CLOSE_MS = 1_000;

/** An open connection, for as long as calls can be made over it. */
export interface Line {
  readonly link: TrackerLink;
  readonly connection: Connection;
  readonly client: TrackerClient;
}

export interface TrackerLinkOptions
  extends Pick<
    IntroductionOptions,
    'credentials' | 'password' | 'onLetIn' | 'onRefused' | 'onPasswordNeeded'
  > {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly address: PinnedAddress;
  /** What this peer answers to the tracker. */
  readonly callbacks: Served;
  /** `line` or `isLive` may have changed. */
  onChange(): void;
  onConnected(): void;
  /** A connection that could be used is gone, or another device answers at the address; `code` where it was an error. */
  onLost(reason: string, code: string | undefined): void;
}

interface Use {
  readonly line: Line;
  readonly introduction: Introduction;
}

export class TrackerLink {
  readonly address: PinnedAddress;
  readonly health: TrackerHealth = new TrackerHealth();
  readonly #options: TrackerLinkOptions;
  readonly #redial: RedialDelay;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #use: Use | undefined;
  #isProbed = false;
  /** Since the tracker itself answered last. */
  #isStrangerReported = false;
  #lastFailure: unknown;

  constructor(options: TrackerLinkOptions) {
    this.#options = options;
    this.address = options.address;
    this.#redial = new RedialDelay(options.random);
    this.#running = this.#run();
  }

  /** Where calls can be made; undefined without a connection, and before whoever is to be logged in is. */
  get line(): Line | undefined {
    return this.#use?.introduction.isRight === true ? this.#use.line : undefined;
  }

  /** Calls can be made, and there is no doubt that they are answered. */
  get isLive(): boolean {
    return this.line !== undefined && !this.health.isDoubtful;
  }

  /** Whether the tracker has let this user in, as far as the present connection goes. */
  hasLoggedIn(credentials: Credentials): boolean {
    return this.#use?.introduction.hasLoggedIn(credentials) ?? false;
  }

  /** Why there is no connection, or was none before this one. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** The user logged in over this link's line by a call of their own. */
  loggedIn(credentials: Credentials): void {
    this.#use?.introduction.loggedIn(credentials);
  }

  /** Somebody else is to be logged in, or nobody; resolves when that is so, or cannot be. */
  async refresh(): Promise<void> {
    await this.#use?.introduction.run();
  }

  /** A call over this link had no answer for a while: asks whether the tracker lives. */
  wasSilent(): void {
    const use = this.#use;
    if (use === undefined || this.#isProbed) return;
    this.health.wasSilent();
    this.#options.onChange();
    this.#isProbed = true;
    void this.#probe(use.line).finally(() => {
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
      await this.#useOnce(signal).then(
        () => this.#redial.failed(clock.now()),
        (error: unknown) => this.#failed(error),
      );
      this.#options.onChange();
    }
  }

  /** There was no connection. */
  #failed(error: unknown): void {
    const { clock, onLost } = this.#options;
    const { host, port } = this.address;
    log('cannot use the tracker at %s:%d: %s', host, port, String(error));
    this.#lastFailure = error;
    if (!(error instanceof RpcError) || error.code !== 'wrong_identity') {
      this.#redial.failed(clock.now());
      return;
    }
    this.#redial.metStranger(clock.now());
    if (!this.#isStrangerReported) onLost(error.message, error.code);
    this.#isStrangerReported = true;
  }

  /** One connection, from its beginning to its end. */
  async #useOnce(signal: AbortSignal): Promise<void> {
    const { onConnected, onLost, onChange } = this.#options;
    const connection = await this.#open(signal);
    const line: Line = { link: this, connection, client: connection.client(trackerContract) };
    const { health } = this;
    const how = { ...this.#options, health, onEnd: onChange };
    const introduction = new Introduction(connection, line.client, how);
    this.#use = { line, introduction };
    health.connected();
    await introduction.run();
    const isIntroduced = !connection.signal.aborted;
    if (isIntroduced) {
      this.#redial.succeeded();
      this.#isStrangerReported = false;
      onConnected();
    }
    const reason = await connection.closed;
    this.#use = undefined;
    this.#lastFailure = reason.kind === 'failed' ? reason.error : undefined;
    if (!isIntroduced || signal.aborted) return;
    if (reason.kind === 'failed') onLost(reason.error.message, reason.error.code);
    else onLost('it closed the connection', undefined);
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    const { network, clock, callbacks } = this.#options;
    const late = new AbortController();
    const disarm = clock.schedule(OPEN_MS, () => late.abort(noGreeting(this.address)));
    const eitherSignal = AbortSignal.any([signal, late.signal]);
    try {
      const expected = whoToExpect(network, this.address);
      const channel = await network.connect(this.address, { signal: eitherSignal, ...expected });
      const connection = createConnection({ channel, clock, serve: [callbacks], trusted: true });
      const hangUp = (): void => this.#hangUp(connection);
      signal.addEventListener('abort', hangUp);
      void connection.closed.then(() => signal.removeEventListener('abort', hangUp));
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

  /** An announce of nothing, by nobody: whatever comes back, the tracker lives. */
  async #probe({ client, connection }: Line): Promise<void> {
    const { clock } = this.#options;
    try {
      const answer = await client.announce({ port: 0, files: [] }, { timeoutMs: PROBE_MS });
      this.health.answered(answer, clock.now());
    } catch (error) {
      this.health.failed(error, clock.now());
      if (this.health.isDoubtful) connection.abort(new RpcError('idle_timeout', 'it does not answer'));
    }
  }
}

function noGreeting({ host, port }: Address): RpcError {
  return new RpcError('connect_failed', `The tracker at ${host}:${port} did not answer within ${OPEN_MS} ms`);
}
