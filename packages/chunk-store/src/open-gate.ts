/**
 * Keeps calls and the closing of what they use apart: calls after `shut` fail with `closed`, and `shut` waits for those
 * that run.
 */
import { StoreError } from './errors.ts';

/** A gate that is open until it is shut. */
export class OpenGate {
  readonly #running = new Set<Promise<unknown>>();
  #isShut = false;

  /** Runs a call, if the gate is open and the signal not aborted. */
  async enter<T>(task: () => Promise<T>, options?: { readonly signal?: AbortSignal }): Promise<T> {
    options?.signal?.throwIfAborted();
    if (this.#isShut) throw new StoreError('closed', 'Cannot use a store that was closed');
    const running = task();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Shuts the gate; settles when the last call has ended. */
  async shut(): Promise<void> {
    this.#isShut = true;
    await Promise.allSettled(this.#running);
  }
}
