/**
 * A register that a witness keeps, asked over the network.
 *
 * What affects an answer:
 * - a question is asked once, and ends within `TIMINGS.registerMs` whatever the network does: whoever asks knows best
 *   whether to ask again;
 * - a connection that was open when a question was asked, and is not answered over in time, is dropped with all that is
 *   under way on it: it may be half-open, or its witness stopped. The next question makes another one, so that none waits
 *   for what was lost before it;
 * - a connection that is being opened outlives the question that began it, or a witness so far away that to greet it takes
 *   all the time of a question could never be asked. It has a time of its own;
 * - where another device answers than the witness, nothing is asked, and none is connected to again for a while: a person
 *   has to do something about it;
 * - a question that ends without an answer may have been carried out, or be carried out later still.
 */
import type { Clock, Network, PinnedAddress } from '@minitorrent/rpc-core';
import { RpcError, whoToExpect } from '@minitorrent/rpc-core';
import { describe } from '../errors.ts';
import type { Config, ReadOutcome, Register, SwapOutcome } from '../register.ts';
import { TIMINGS } from '../replication/timings.ts';
import { checkClusterId } from './limits.ts';
import { type WitnessCalls, WitnessLink } from './witness-link.ts';

/** A register with a connection of its own. */
export interface WitnessRegister extends Register, AsyncDisposable {
  /** Lets questions under way come to their end, in time; later ones are answered `unknown`. Idempotent. */
  close(): Promise<void>;
}

export interface RemoteRegisterOptions {
  readonly network: Network;
  /** Of the witness; with its pin where the network proves who answers. */
  readonly address: PinnedAddress;
  /** 16 bytes, the same for the witness. */
  readonly clusterId: Uint8Array;
  readonly clock: Clock;
}

type Unknown = { readonly kind: 'unknown'; readonly why: string };

const { registerMs } = TIMINGS;

/** Where another device answers than the pin says, it is tried again so seldom. */
const IMPOSTOR_MS = 10_000;

export class RemoteRegister implements WitnessRegister {
  readonly #options: RemoteRegisterOptions;
  /** The connection that questions go over; none before the first and after a loss. */
  #link: WitnessLink | undefined;
  /** Those that have not ended, `#link` among them. */
  readonly #links = new Set<WitnessLink>();
  readonly #asked = new Set<Promise<unknown>>();
  /** Another device answered: why, and until when nobody is asked. */
  #impostor: { readonly why: string; readonly untilMs: number } | undefined;
  #isClosed = false;

  constructor(options: RemoteRegisterOptions) {
    whoToExpect(options.network, options.address);
    this.#options = { ...options, clusterId: checkClusterId(options.clusterId).slice() };
  }

  read(): Promise<ReadOutcome> {
    const { clusterId } = this.#options;
    return this.#ask(async (calls) => {
      const { config } = await calls.read_config({ clusterId });
      return { kind: 'current', config };
    });
  }

  async compareAndSwap(expectedEpoch: number, config: Config): Promise<SwapOutcome> {
    if (config.epoch !== expectedEpoch + 1) {
      throw new RangeError(`Cannot swap in epoch ${config.epoch}: expected ${expectedEpoch + 1}`);
    }
    const { clusterId } = this.#options;
    return this.#ask(async (calls) => {
      const answer = await calls.swap_config({ clusterId, expectedEpoch, config });
      return answer.outcome === 'ok' ? { kind: 'ok' } : { kind: 'current', config: answer.config };
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#asked);
    await Promise.all([...this.#links].map((link) => link.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Never rejects. */
  #ask<T>(question: (calls: WitnessCalls) => Promise<T>): Promise<T | Unknown> {
    if (this.#isClosed) return Promise.resolve(this.#unknown('the register was closed'));
    const { clock } = this.#options;
    if (this.#impostor !== undefined && clock.now() < this.#impostor.untilMs)
      return Promise.resolve(this.#unknown(this.#impostor.why));
    this.#link ??= this.#openLink();
    const answer = this.#answerInTime(this.#link, question);
    this.#asked.add(answer);
    void answer.finally(() => this.#asked.delete(answer));
    return answer;
  }

  async #answerInTime<T>(
    link: WitnessLink,
    question: (calls: WitnessCalls) => Promise<T>,
  ): Promise<T | Unknown> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const wasOpen = link.isOpen;
    const cancel = this.#options.clock.schedule(registerMs, () => {
      const why = `no answer for ${registerMs} ms`;
      reject(new Error(why));
      if (wasOpen) link.drop(why);
    });
    try {
      return await Promise.race([link.calls.then(question), late]);
    } catch (error) {
      return this.#unknown(this.#whyNot(link, error));
    } finally {
      cancel();
    }
  }

  #whyNot(link: WitnessLink, error: unknown): string {
    const { clock, network } = this.#options;
    const why = describe(error);
    if (!(error instanceof RpcError)) return why;
    if (error.code === 'wrong_identity') this.#impostor = { why, untilMs: clock.now() + IMPOSTOR_MS };
    if (error.code !== 'connection_lost' || link.isOpen || !network.proves) return why;
    return `${why}; it ended the connection before a word, as it does with whom it does not admit`;
  }

  #openLink(): WitnessLink {
    const { network, address, clock } = this.#options;
    const link = new WitnessLink({
      network,
      address,
      clock,
      // Where both sides prove who they are, the way there and back is made once more.
      openMs: (network.proves ? 3 : 2) * registerMs,
      closeMs: registerMs,
      onLost: () => {
        if (this.#link === link) this.#link = undefined;
      },
    });
    this.#links.add(link);
    void link.ended.then(() => this.#links.delete(link));
    return link;
  }

  #unknown(cause: string): Unknown {
    const { host, port } = this.#options.address;
    return { kind: 'unknown', why: `Cannot ask the witness at ${host}:${port}: ${cause}` };
  }
}
