/**
 * Reading and hashing some consecutive pieces of an open file: on worker threads that read the file themselves, or on the
 * calling thread where the file is too small to be worth them or has no descriptor that a worker could use.
 */
import { Worker } from 'node:worker_threads';
import { StoreError } from '../errors.ts';
import { hashLeaves } from '../merkle-tree.ts';
import { hashPieces } from '../piece-hashes.ts';
import type { FileHandle } from './file-system.ts';
import type { HashReply, HashRequest, SegmentHashes, SegmentJob } from './hash-messages.ts';
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
  return new WorkerHasher(descriptor, workers);
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

interface Waiting {
  resolve(hashes: SegmentHashes): void;
  reject(error: unknown): void;
}

class WorkerHasher implements SegmentHasher {
  /** One job for each worker to work on and one to find next. */
  readonly lanes: number;
  readonly #descriptor: number;
  readonly #workers: readonly Worker[];
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;
  #failure: StoreError | undefined;

  constructor(descriptor: number, count: number) {
    this.lanes = count * 2;
    this.#descriptor = descriptor;
    this.#workers = Array.from({ length: count }, () => this.#start());
  }

  hash(job: SegmentJob): Promise<SegmentHashes> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const request: HashRequest = { id, descriptor: this.#descriptor, job };
      this.#workers[id % this.#workers.length]?.postMessage(request);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new StoreError('closed', 'Cannot hash: the hasher was closed'));
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(workerUrl());
    worker.on('message', (reply: HashReply) => this.#settle(reply));
    worker.on('error', (cause) =>
      this.#fail(new StoreError('io_failed', 'Cannot hash: a worker failed', { cause })),
    );
    worker.on('exit', () => this.#fail(new StoreError('io_failed', 'Cannot hash: a worker ended early')));
    return worker;
  }

  #settle(reply: HashReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('hashes' in reply) waiting?.resolve(reply.hashes);
    else waiting?.reject(Object.assign(new Error(reply.failure.message), { code: reply.failure.code }));
  }

  #fail(failure: StoreError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}

/** The build puts the worker beside the bundle; from source it lies beside this file. */
function workerUrl(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./hash-worker.${extension}`, import.meta.url);
}
