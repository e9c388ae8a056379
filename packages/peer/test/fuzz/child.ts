/** A process of a run: told what to do by messages, and gone when this one is. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { HonestOrders, HonestReport, Measured, Order, Started, TargetOrders, Told } from './orders.ts';

export class Child implements AsyncDisposable {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #told: Told[] = [];
  #words = '';
  #isExpectedToEnd = false;
  #end: string | undefined;
  #wake = (): void => {};

  constructor(name: string, script: string, orders: TargetOrders | HonestOrders) {
    this.name = name;
    const child = fork(new URL(script, import.meta.url), [JSON.stringify(orders, withHex)], {
      // As the program runs for its users.
      execArgv: ['--max-semi-space-size=1', '--expose-gc', '--conditions=@minitorrent/source'],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (words: Buffer) => {
        this.#words = (this.#words + words.toString()).slice(-20_000);
      });
    }
    child.on('message', (told: Told) => {
      this.#told.push(told);
      this.#wake();
    });
    child.once('exit', (code, signal) => {
      this.#end = `${signal ?? `exit code ${code}`}`;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Why it ended without being asked to; undefined while it runs. */
  get crash(): string | undefined {
    if (this.#end === undefined || this.#isExpectedToEnd) return undefined;
    return `${this.name} ended by itself: ${this.#end}\n${this.#words}`;
  }

  started(): Promise<Started> {
    return this.#next('started');
  }

  async measure(): Promise<Measured> {
    this.#send('measure');
    return await this.#next('measured');
  }

  reset(): void {
    this.#send('reset');
  }

  /** Ends an honest client, which then says what it saw. */
  async report(): Promise<HonestReport> {
    this.#send('end');
    return await this.#next('honest');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isExpectedToEnd = true;
    if (this.#end !== undefined) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  #send(order: Order): void {
    if (this.#process.connected) this.#process.send(order);
  }

  async #next<K extends Told['kind']>(kind: K): Promise<Extract<Told, { readonly kind: K }>> {
    for (;;) {
      const at = this.#told.findIndex((told) => told.kind === kind);
      // Its kind was just looked at.
      if (at >= 0) return this.#told.splice(at, 1)[0] as Extract<Told, { readonly kind: K }>;
      if (this.#end !== undefined) throw new Error(this.crash ?? `${this.name} ended`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Bytes as text that the children turn back. */
function withHex(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : value;
}
