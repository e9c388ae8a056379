/**
 * Hashing blocks beside the thread that receives them, which has enough to do with decrypting the next one.
 *
 * A block's memory moves to the other thread and back, which copies nothing; so it has to be a block's alone, as what is
 * allocated here is. (Memory that threads share would have to be copied to and from word by word.) Any other block is hashed
 * on the calling thread, and so are all of them with no thread, or after one has failed.
 */
import createDebug from 'debug';
import { StoreError } from '../errors.ts';
import { type HashedBlock, hashBlock, hashedElsewhere } from '../hashed-block.ts';
import { HashThreads } from './hash-threads.ts';

/** Hashes blocks. Disposal ends its threads; what was not hashed by then fails with `closed`. */
export interface BlockHasher extends AsyncDisposable {
  /** Memory for one block, in which it can be hashed elsewhere. */
  allocate(byteLength: number): Uint8Array;
  /**
   * In memory that was allocated here the block moves: nobody may use that memory until this settles, and then it is only to
   * be reached by the answer's `bytes`. Fails with `io_failed` where a thread ended, and the block with it.
   */
  hash(block: Uint8Array): Promise<HashedBlock>;
}

const log = createDebug('minitorrent:chunk-store:hash');

/** A hasher with `threads` of its own, which start with the first block and do not keep the process alive. */
export function createBlockHasher({ threads }: { readonly threads: number }): BlockHasher {
  return threads === 0 ? inlineHasher : new ThreadedHasher(threads);
}

const inlineHasher: BlockHasher = {
  allocate: (byteLength) => new Uint8Array(byteLength),
  hash: async (block) => hashBlock(block),
  [Symbol.asyncDispose]: async () => {},
};

class ThreadedHasher implements BlockHasher {
  readonly #count: number;
  readonly #own = new WeakSet<ArrayBufferLike>();
  #threads: HashThreads | undefined;
  #hasFailed = false;

  constructor(count: number) {
    this.#count = count;
  }

  allocate(byteLength: number): Uint8Array {
    const memory = new Uint8Array(byteLength);
    this.#own.add(memory.buffer);
    return memory;
  }

  async hash({ buffer, byteOffset, byteLength }: Uint8Array): Promise<HashedBlock> {
    if (this.#hasFailed || !(buffer instanceof ArrayBuffer) || !this.#own.has(buffer))
      return hashBlock(new Uint8Array(buffer, byteOffset, byteLength));
    this.#threads ??= this.#start();
    try {
      const answer = await this.#threads.ask({ kind: 'block', memory: buffer, byteOffset, byteLength });
      this.#own.add(answer.memory);
      return hashedElsewhere(new Uint8Array(answer.memory, byteOffset, byteLength), answer.leafHashes);
    } catch (error) {
      this.#hasFailed = !isClosed(error);
      log('a thread failed: %s', String(error));
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads?.[Symbol.asyncDispose]();
  }

  #start(): HashThreads {
    const threads = new HashThreads(this.#count);
    threads.unref();
    return threads;
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'closed';
}
