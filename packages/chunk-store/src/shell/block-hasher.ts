/**
 * Hashing blocks beside the thread that receives them, which has enough to do with decrypting the next one.
 *
 * The other thread sees only shared memory, so blocks have to arrive in memory that was allocated here. Any other block is
 * hashed on the calling thread, and so are all of them with no thread, or after one has failed.
 */
import createDebug from 'debug';
import { StoreError } from '../errors.ts';
import { type HashedBlock, hashBlock, hashedElsewhere } from '../hashed-block.ts';
import { HashThreads } from './hash-threads.ts';

/** Hashes blocks. Disposal ends its threads; what was not hashed by then fails with `closed`. */
export interface BlockHasher extends AsyncDisposable {
  /** Memory in which a block can be hashed elsewhere. */
  allocate(byteLength: number): Uint8Array;
  /** `bytes` must not change until this settles. */
  hash(bytes: Uint8Array): Promise<HashedBlock>;
}

/** A hasher with `threads` of its own, which start with the first block and do not keep the process alive. */
export function createBlockHasher({ threads }: { readonly threads: number }): BlockHasher {
  return threads === 0 ? inlineHasher : new ThreadedHasher(threads);
}

const log = createDebug('minitorrent:chunk-store:hash');

const inlineHasher: BlockHasher = {
  allocate: (byteLength) => new Uint8Array(byteLength),
  hash: async (bytes) => hashBlock(bytes),
  [Symbol.asyncDispose]: async () => {},
};

class ThreadedHasher implements BlockHasher {
  readonly #count: number;
  #threads: HashThreads | undefined;

  constructor(count: number) {
    this.#count = count;
  }

  allocate(byteLength: number): Uint8Array {
    return new Uint8Array(new SharedArrayBuffer(byteLength));
  }

  async hash(bytes: Uint8Array): Promise<HashedBlock> {
    if (!(bytes.buffer instanceof SharedArrayBuffer)) return hashBlock(bytes);
    this.#threads ??= this.#start();
    try {
      return hashedElsewhere(bytes, await this.#threads.ask({ kind: 'block', bytes }));
    } catch (error) {
      if (error instanceof StoreError && error.code === 'closed') throw error;
      log('a thread failed: %s', String(error));
      return hashBlock(bytes);
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
