/**
 * Reading and hashing some consecutive pieces of an open file: on worker threads that read the file themselves, or on the
 * calling thread where the file is too small to be worth them or has no descriptor that a worker could use.
 */
import { hashLeaves } from '../merkle-tree.ts';
import { hashPieces } from '../piece-hashes.ts';
import type { FileHandle } from './file-system.ts';
import type { SegmentHashes, SegmentJob } from './hash-messages.ts';
import { HashThreads } from './hash-threads.ts';
import { readFully } from './positional.ts';

/** Hashes segments of one file. Disposal ends its threads; no read of the file is running afterwards. */
export interface SegmentHasher extends AsyncDisposable {
  /** How many jobs keep it busy. */
  readonly lanes: number;
  hash(job: SegmentJob): Promise<SegmentHashes>;
}

/** Makes a hasher with `workers` threads, or on the calling thread: with 0 workers, or a file without descriptor. */
export function createSegmentHasher(handle: FileHandle, workers: number): SegmentHasher {
  const { descriptor } = handle;
  if (workers === 0 || descriptor === undefined) return createInlineHasher(handle);
  return new ThreadedHasher(descriptor, workers);
}

function createInlineHasher(handle: FileHandle): SegmentHasher {
  let bytes = new Uint8Array(0);
  return {
    lanes: 1,
    async hash(job) {
      if (bytes.length < job.size) bytes = new Uint8Array(job.size);
      const size = await readFully(handle, bytes.subarray(0, job.size), job.position);
      const leafHashes = hashLeaves(bytes.subarray(0, size));
      return { size, leafHashes, pieceHashes: hashPieces(leafHashes, job) };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

class ThreadedHasher implements SegmentHasher {
  /** One job for each thread to work on and one to find next. */
  readonly lanes: number;
  readonly #descriptor: number;
  readonly #threads: HashThreads;

  constructor(descriptor: number, count: number) {
    this.lanes = count * 2;
    this.#descriptor = descriptor;
    this.#threads = new HashThreads(count);
  }

  hash(job: SegmentJob): Promise<SegmentHashes> {
    return this.#threads.ask({ kind: 'segment', descriptor: this.#descriptor, job });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
  }
}
