/**
 * Hashing blocks beside the thread that receives them, which has enough to do with decrypting the next one.
 *
 * A block's memory moves to the other thread and back, which copies nothing; so it has to be a block's alone, as what is
 * allocated here is. (Memory that threads share would have to be copied to and from word by word.) Any other block is hashed
 * on the calling thread, and so are all of them with no thread, until the threads run, and after one has failed: a thread
 * takes tens of milliseconds to start, which short transfers do not last and the first blocks of others do not wait for.
 */
import createDebug from 'debug';
import { StoreError } from '../errors.ts';
import { type HashedBlock, hashBlock, hashedElsewhere } from '../hashed-block.ts';
import type { BlockRequest } from './hash-messages.ts';
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

/** What is hashed before threads are worth their start. */
const THREADS_FROM_BYTES = 1_048_576;

/** A hasher with `threads` of its own, which start after the first mebibyte and do not keep the process alive when they rest. */
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
  #hashedBytes = 0;
  #threads: HashThreads | undefined;
  /** Of the threads: before, blocks would wait for them. */
  #isReady = false;
  #hasFailed = false;
  #isClosed = false;

  constructor(count: number) {
    this.#count = count;
  }

  allocate(byteLength: number): Uint8Array {
    const memory = new Uint8Array(byteLength);
    this.#own.add(memory.buffer);
    return memory;
  }

  async hash(block: Uint8Array): Promise<HashedBlock> {
    const { buffer, byteOffset, byteLength } = block;
    if (!(buffer instanceof ArrayBuffer) || !this.#own.has(buffer)) return hashBlock(block);
    if (this.#isClosed) throw new StoreError('closed', 'Cannot hash: the hasher was closed');
    if (this.#threads === undefined || !this.#isReady || this.#hasFailed) return this.#hashHere(block);
    try {
      const answer = await this.#threads.ask({ kind: 'block', memory: buffer, byteOffset, byteLength });
      this.#own.add(answer.memory);
      return hashedElsewhere(new Uint8Array(answer.memory, byteOffset, byteLength), answer.leafHashes);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#threads?.[Symbol.asyncDispose]();
  }

  #hashHere(block: Uint8Array): HashedBlock {
    this.#hashedBytes += block.length;
    if (this.#hashedBytes >= THREADS_FROM_BYTES) this.#threads ??= this.#start();
    return hashBlock(block);
  }

  #start(): HashThreads {
    const threads = new HashThreads(this.#count);
    threads.unref();
    // Each of them answers its first request when it runs.
    const answers = Array.from({ length: this.#count }, () => threads.ask(nothing()));
    Promise.all(answers).then(
      () => {
        this.#isReady = true;
      },
      (error: unknown) => this.#failed(error),
    );
    return threads;
  }

  #failed(error: unknown): void {
    this.#hasFailed ||= !isClosed(error);
    log('a thread failed: %s', String(error));
  }
}

function nothing(): BlockRequest {
  return { kind: 'block', memory: new ArrayBuffer(0), byteOffset: 0, byteLength: 0 };
}

function isClosed(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'closed';
}
