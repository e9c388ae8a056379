/**
 * Worker threads that hash, and who waits for which answer.
 */
import { Worker } from 'node:worker_threads';
import { StoreError } from '../errors.ts';
import type {
  BlockHashes,
  BlockRequest,
  HashReply,
  HashRequest,
  NumberedRequest,
  SegmentHashes,
  SegmentRequest,
} from './hash-messages.ts';

/** Some threads that take turns. Disposal ends them; what was not answered by then fails with `closed`. */
export class HashThreads implements AsyncDisposable {
  readonly #workers: readonly Worker[];
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 0;
  #endsWithProcess = false;
  #failure: StoreError | undefined;

  constructor(count: number) {
    this.#workers = Array.from({ length: count }, () => this.#start());
  }

  /** Fails with `io_failed` where a thread ended, and as the request itself does. */
  ask(request: SegmentRequest): Promise<SegmentHashes>;
  ask(request: BlockRequest): Promise<BlockHashes>;
  ask(request: HashRequest): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const id = this.#nextId;
    this.#nextId += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#holdProcess();
    const numbered: NumberedRequest = { id, request };
    const moved = request.kind === 'block' ? [request.memory] : [];
    this.#workers[id % this.#workers.length]?.postMessage(numbered, moved);
    return waiting.promise;
  }

  /** The process may end although the threads run, while nobody waits for an answer of theirs. */
  unref(): void {
    this.#endsWithProcess = true;
    this.#holdProcess();
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
    this.#holdProcess();
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(Object.assign(new Error(reply.failure.message), { code: reply.failure.code }));
  }

  #fail(failure: StoreError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
    this.#holdProcess();
  }

  /** Where somebody begins to wait, or nobody does any more; otherwise nothing changes. */
  #holdProcess(): void {
    if (!this.#endsWithProcess || this.#waiting.size > 1) return;
    for (const worker of this.#workers) {
      if (this.#waiting.size > 0) worker.ref();
      else worker.unref();
    }
  }
}

/** The build puts the worker beside the bundle; from source it lies beside this file. */
function workerUrl(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`./hash-worker.${extension}`, import.meta.url);
}
