/**
 * The line to the thread that owns a journal's SQLite file: requests go out in order, each gets its answer.
 *
 * A thread that dies fails what is under way and everything after it.
 */
import { Worker } from 'node:worker_threads';
import { describe } from '../errors.ts';
import type { WorkerAnswer, WorkerRequest } from './sqlite-journal-worker.ts';

interface Call {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class JournalThread {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  #ended = false;

  constructor(file: string) {
    // The source stands beside this file, the built worker beside the bundle.
    const name = import.meta.url.endsWith('.ts')
      ? './sqlite-journal-worker.ts'
      : './sqlite-journal-worker.js';
    this.#worker = new Worker(new URL(name, import.meta.url), { workerData: { file } });
    this.#worker.on('message', (answer: WorkerAnswer) => this.#settle(answer));
    this.#worker.on('error', (cause) => this.#failAll(new Error(describe(cause), { cause })));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#worker.on('exit', () => {
      this.#ended = true;
      this.#failAll(new Error('its thread has ended'));
      resolve();
    });
  }

  /** Fails with what the thread says, as an Error. */
  call(request: WorkerRequest): Promise<unknown> {
    if (this.#ended) return Promise.reject(new Error('its thread has ended'));
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { resolve, reject });
    this.#worker.postMessage({ id, request });
    return promise;
  }

  /** Closes the file and ends the thread. */
  async end(): Promise<void> {
    if (!this.#ended) this.#worker.postMessage({ id: 0, request: { kind: 'close' } satisfies WorkerRequest });
    await this.#exited;
  }

  #settle(answer: WorkerAnswer): void {
    const call = this.#calls.get(answer.id);
    this.#calls.delete(answer.id);
    if ('error' in answer) call?.reject(new Error(answer.error));
    else call?.resolve(answer.value);
  }

  #failAll(error: Error): void {
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }
}
