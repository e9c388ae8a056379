/**
 * News of pieces that this peer has got, for everybody who listens to its `send_piece_info`.
 *
 * It passes news on at once: how often there is some, so that a swarm of thirty peers does not drown in it, is the swarm's
 * decision (`announceMs`). What comes while a listener does not listen waits for it as one, and is bounded by the number of
 * pieces. Knows no socket.
 */
import { settledBy } from './waiting.ts';

/** The news of one file. */
export class HaveFeed {
  readonly #listeners = new Set<HaveListener>();

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** These pieces are in the store now. */
  add(indices: readonly number[]): void {
    for (const listener of this.#listeners) listener.push(indices);
  }

  /** Hears of everything that is added from now on, until it is disposed of. */
  listen(): HaveListener {
    const listener = new HaveListener(() => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    return listener;
  }
}

/** One listener's unread news. */
export class HaveListener implements Disposable {
  readonly #leave: () => void;
  #pending: number[] = [];
  #wake: () => void = () => undefined;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  push(indices: readonly number[]): void {
    for (const index of indices) this.#pending.push(index);
    this.#wake();
  }

  /** Waits for news and answers at most `maxItems` indices; none when `signal` aborted. */
  async take(maxItems: number, signal: AbortSignal): Promise<readonly number[]> {
    if (this.#pending.length === 0) await settledBy(signal, (settle) => this.#whenWoken(settle));
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
