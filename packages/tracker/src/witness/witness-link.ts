/**
 * One connection to a witness, from the attempt to make it to its end; never made twice.
 *
 * It is lost when it cannot be opened in time, when it ends, or when it is dropped. From then on nobody can be asked over
 * it, and whoever needs an answer makes another one.
 */
import {
  type Client,
  type Clock,
  type Connection,
  createConnection,
  type Network,
  type PinnedAddress,
  RpcError,
  whoToExpect,
} from '@minitorrent/rpc-core';
import { witnessContract } from './contract.ts';

/** The questions to a witness. */
export type WitnessCalls = Client<typeof witnessContract>;

export interface WitnessLinkOptions {
  readonly network: Network;
  readonly address: PinnedAddress;
  readonly clock: Clock;
  /** How long it may take until the witness has greeted. */
  readonly openMs: number;
  /** How long each part of its end may take: the last answers, and the last word of the witness. */
  readonly closeMs: number;
  /** Told as soon as it is lost; perhaps more than once. */
  readonly onLost: () => void;
}

export class WitnessLink {
  /** What can be asked, once the channel is there; rejects where it cannot be made. */
  readonly calls: Promise<WitnessCalls>;
  /** Resolves when nothing is left of it. */
  readonly ended: Promise<void>;
  readonly #options: WitnessLinkOptions;
  readonly #attempt = new AbortController();
  readonly #stopWaiting: () => void;
  #connection: Connection | undefined;
  #isOpen = false;

  constructor(options: WitnessLinkOptions) {
    this.#options = options;
    const { clock, openMs } = options;
    this.#stopWaiting = clock.schedule(openMs, () => this.drop(`no connection for ${openMs} ms`));
    this.calls = this.#connect();
    this.ended = this.calls.then(
      async () => {
        await this.#connection?.closed;
      },
      () => this.#lose(),
    );
  }

  /** The witness has greeted. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Ends it at once; what was asked over it fails, for this reason. */
  drop(why: string): void {
    const error = new RpcError('closed', why);
    this.#attempt.abort(error);
    this.#connection?.abort(error);
    this.#lose();
  }

  /** Ends it in good order. Idempotent. */
  async close(): Promise<void> {
    if (!this.#isOpen) this.drop('the register was closed');
    await this.#connection?.close();
  }

  async #connect(): Promise<WitnessCalls> {
    const { network, address, clock, closeMs } = this.#options;
    const { signal } = this.#attempt;
    const channel = await network.connect(address, { signal, ...whoToExpect(network, address) });
    if (signal.aborted) {
      channel.destroy();
      throw signal.reason;
    }
    const connection = createConnection({ channel, clock, limits: { drainMs: closeMs, lingerMs: closeMs } });
    this.#connection = connection;
    connection.signal.addEventListener('abort', () => this.#lose(), { once: true });
    connection.opened.then(
      () => this.#opened(),
      () => this.#lose(),
    );
    return connection.client(witnessContract);
  }

  #opened(): void {
    this.#isOpen = true;
    this.#stopWaiting();
  }

  #lose(): void {
    this.#stopWaiting();
    this.#options.onLost();
  }
}
