/**
 * News of pieces that this peer has got, for everybody who listens to its `send_piece_info`.
 *
 * News is coalesced: a listener hears of it at most once an interval, however fast pieces come in, so that a swarm of
 * thirty peers does not drown in it. What waits for one listener is bounded by the number of pieces. Knows no socket.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { settledBy, wait } from './waiting.ts';

/** At most 20 messages a second to each listener. */
const COALESCE_MS = 50;

/** The news of one file. */
export class HaveFeed {
  readonly #clock: Clock;
  readonly #listeners = new Set<HaveListener>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** These pieces are in the store now. */
  add(indices: readonly number[]): void {
    for (const listener of this.#listeners) listener.push(indices);
  }

  /** Hears of everything that is added from now on, until it is disposed of. */
  listen(): HaveListener {
    const listener = new HaveListener(this.#clock, () => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    return listener;
  }
}

/** One listener's unread news. */
export class HaveListener implements Disposable {
  readonly #clock: Clock;
  readonly #leave: () => void;
  #pending: number[] = [];
  #wake: () => void = () => undefined;

  constructor(clock: Clock, leave: () => void) {
    this.#clock = clock;
    this.#leave = leave;
  }

  push(indices: readonly number[]): void {
    for (const index of indices) this.#pending.push(index);
    this.#wake();
  }

  /** Waits for news, then for more of it, and answers at most `maxItems` indices; none when `signal` aborted. */
  async take(maxItems: number, signal: AbortSignal): Promise<readonly number[]> {
    if (this.#pending.length === 0) await settledBy(signal, (settle) => this.#whenWoken(settle));
    await wait(this.#clock, COALESCE_MS, signal);
    return signal.aborted ? [] : this.#pending.splice(0, maxItems);
  }

  [Symbol.dispose](): void {
    this.#leave();
  }

  #whenWoken(settle: () => void): () => void {
    this.#wake = settle;
    return () => {
      this.#wake = () => undefined;
    };
  }
}
