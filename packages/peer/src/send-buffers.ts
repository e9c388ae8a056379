/**
 * Buffers for what is being sent over one connection, by all its calls. What was sent goes out by reference, so its buffer is
 * used again only once the network has taken it; a fresh one for each block costs more than encrypting it.
 */
import type { OutputProgress } from '@minitorrent/rpc-core';
import type { BufferPool } from './buffer-pool.ts';

interface SentBuffer {
  readonly buffer: Uint8Array;
  /** The network has taken it with so many bytes of the connection's output. */
  readonly endsAt: number;
}

export class SendBuffers {
  readonly #pool: BufferPool;
  readonly #progress: () => OutputProgress;
  /** In the order of the output. */
  readonly #sent: SentBuffer[] = [];

  /** `progress` is that of the connection. */
  constructor(pool: BufferPool, progress: () => OutputProgress) {
    this.#pool = pool;
    this.#progress = progress;
  }

  /** A buffer with whatever the last user left in it. One that is neither sent nor given back is lost to the pool, no more. */
  take(): Uint8Array {
    this.#collect();
    return this.#pool.take();
  }

  /** All that is to be sent of `buffer` is part of the connection's output now. */
  sent(buffer: Uint8Array): void {
    this.#sent.push({ buffer, endsAt: this.#progress().madeBytes });
  }

  #collect(): void {
    const { takenBytes } = this.#progress();
    while (this.#sent[0] !== undefined && this.#sent[0].endsAt <= takenBytes) {
      this.#pool.give(this.#sent[0].buffer);
      this.#sent.shift();
    }
  }
}
