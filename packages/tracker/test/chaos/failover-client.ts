/**
 * A client of several trackers: asks one until it fails or says nothing for a while, then the next one the same again.
 *
 * It is a program of its own, so that a mistake of a peer's own failover is not repeated here. It never gives up: whoever asks
 * gets an answer, or an error that no other try would change.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallOptions, Client, Clock, Connection, Network, PinnedAddress } from '@minitorrent/rpc-core';
import { createConnection, RpcError, whoToExpect } from '@minitorrent/rpc-core';
import { trackerContract } from '../../src/contract.ts';

export type TrackerClient = Client<typeof trackerContract>;

/** So long a client waits for one tracker. */
export const SILENCE_MS = 2_000;
/** So long waits who checks what became of it all: a busy machine is no fault of a tracker. */
export const PATIENCE_MS = 60_000;
/** The pause after all trackers failed in turn. */
const PAUSE_MS = 100;

/** What another tracker, or the same one later, may answer better. */
export const PASSING: ReadonlySet<string> = new Set([
  // Of the connection.
  ...[
    'connect_failed',
    'handshake_failed',
    'connection_lost',
    'closed',
    'deadline_exceeded',
    'handshake_timeout',
    'silent',
  ],
  // Of the tracker.
  ...['no_primary', 'not_primary', 'read_only', 'unconfirmed', 'busy', 'journal_failed'],
]);

export interface Credentials {
  readonly userId: string;
  readonly password: string;
}

export interface FailoverOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly addresses: readonly PinnedAddress[];
  /** Of `network`: who logs in. */
  readonly deviceId: Uint8Array;
  /** The number of the tracker to be asked first. */
  readonly first: number;
  readonly signal: AbortSignal;
  /** Told of every error that led to another try. */
  readonly onRetry: (code: string) => void;
  /** Told whenever the user was logged in. */
  readonly onLogin: (userId: string) => void;
}

export interface Answered<R> {
  readonly answer: R;
  /** When the try that was answered began; `performance.now()`. */
  readonly askedAtMs: number;
}

export interface Line {
  readonly connection: Connection;
  readonly tracker: TrackerClient;
}

export class FailoverClient {
  readonly #options: FailoverOptions;
  #at: number;
  #failures = 0;
  #credentials: Credentials | undefined;
  #line: Line | undefined;

  constructor(options: FailoverOptions) {
    this.#options = options;
    this.#at = options.first;
  }

  /** From now on calls are made as that user, or as nobody. */
  become(credentials: Credentials | undefined): void {
    this.close();
    this.#credentials = credentials;
  }

  /** Asks until there is an answer. Fails with what the trackers decide, and when the run is aborted. */
  async call<R>(ask: (tracker: TrackerClient, options: CallOptions) => Promise<R>): Promise<Answered<R>> {
    const { signal, onRetry } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      try {
        this.#line ??= await this.#open();
        const { tracker } = this.#line;
        const askedAtMs = performance.now();
        const answer = await ask(tracker, { signal, timeoutMs: SILENCE_MS });
        return { answer, askedAtMs };
      } catch (error) {
        signal.throwIfAborted();
        const code = codeOf(error);
        if (!PASSING.has(code)) throw error;
        onRetry(code);
        await this.#turn();
      }
    }
  }

  close(): void {
    this.#line?.connection.abort();
    this.#line = undefined;
  }

  async #turn(): Promise<void> {
    const { addresses, signal } = this.#options;
    this.close();
    this.#at = (this.#at + 1) % addresses.length;
    this.#failures += 1;
    if (this.#failures % addresses.length === 0) await sleep(PAUSE_MS, undefined, { signal });
  }

  async #open(): Promise<Line> {
    const { addresses, deviceId, signal, onLogin } = this.#options;
    const address = addresses[this.#at];
    if (address === undefined) throw new RangeError(`There is no tracker number ${this.#at}`);
    const line = await connectTo(address, this.#options);
    try {
      if (this.#credentials !== undefined) {
        const request = { ...this.#credentials, deviceId };
        await line.tracker.login(request, { signal, timeoutMs: SILENCE_MS });
        onLogin(request.userId);
      }
      return line;
    } catch (error) {
      line.connection.abort();
      throw error;
    }
  }
}

/** A connection to one tracker; fails with `silent` where it is not made in time. */
export async function connectTo(
  address: PinnedAddress,
  { network, clock, signal }: Pick<FailoverOptions, 'network' | 'clock' | 'signal'>,
  patienceMs: number = SILENCE_MS,
): Promise<Line> {
  const tooLong = new AbortController();
  const cancel = clock.schedule(patienceMs, () =>
    tooLong.abort(new RpcError('silent', `Nobody answers at ${address.host}:${address.port}`)),
  );
  try {
    const channel = await network.connect(address, {
      signal: AbortSignal.any([signal, tooLong.signal]),
      ...whoToExpect(network, address),
    });
    const connection = createConnection({ channel, clock, trusted: true });
    return { connection, tracker: connection.client(trackerContract) };
  } finally {
    cancel();
  }
}

/** The code of an error, or what it is called. */
export function codeOf(error: unknown): string {
  if (error instanceof RpcError) return error.code;
  return error instanceof Error ? error.name : String(error);
}
