/**
 * A process that is started again and again on the same place, and killed, stopped and asked to end in between.
 *
 * What it writes as lines of JSON is told to whoever started it; its other words go into a file. It cannot outlive this
 * process: the kernel kills it, and where there is no such kernel it ends with its input.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Bell } from './bell.ts';
import type { ChildLine } from './orders.ts';

/** A machine that is busy takes its time to replay a long journal; how long is not what is measured here. */
const START_MS = 90_000;
const END_MS = 20_000;

export interface ChildOptions {
  readonly name: string;
  readonly script: URL;
  /** What it is told, as JSON. */
  readonly orders: () => unknown;
  /** Where its other words go. */
  readonly logFile: string;
  readonly bell: Bell;
  readonly onLine: (line: ChildLine) => void;
  /** It ended, and nobody had asked for that. */
  readonly onCrash: (why: string) => void;
}

export class Child {
  readonly name: string;
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #isExpectedToEnd = false;
  #isStarted = false;
  #isStopped = false;

  constructor(options: ChildOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Started, not stopped and not ending. */
  get isUp(): boolean {
    return this.#process !== undefined && this.#isStarted && !this.#isStopped && !this.#isExpectedToEnd;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Nothing happens where it runs. Fails when it does not come up. */
  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    const { bell } = this.#options;
    const child = this.#spawn();
    const what = `${this.name} starts`;
    await bell.until(() => this.#isStarted || this.#process !== child, { what, mostMs: START_MS });
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: it may hand over and close what it has open. */
  async end(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** SIGSTOP. */
  stop(): void {
    this.#isStopped = this.#process?.kill('SIGSTOP') ?? false;
  }

  /** SIGCONT. */
  goOn(): void {
    this.#process?.kill('SIGCONT');
    this.#isStopped = false;
  }

  #spawn(): ChildProcess {
    const { script, orders, logFile, bell, onLine, onCrash } = this.#options;
    const log = openSync(logFile, 'a');
    const [command = '', ...parameters] = [
      ...(process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL'] : []),
      ...[process.execPath, '--conditions=@minitorrent/source', script.pathname, JSON.stringify(orders())],
    ];
    const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', log] });
    closeSync(log);
    this.#process = child;
    this.#isStarted = false;
    this.#isStopped = false;
    this.#isExpectedToEnd = false;
    if (child.stdout === null) throw new TypeError('Cannot read a child without a pipe');
    createInterface(child.stdout).on('line', (text) => {
      if (this.#process !== child) return;
      // The child writes its lines by `tellRunner` alone.
      const line = JSON.parse(text) as ChildLine;
      this.#isStarted ||= line.kind === 'started';
      onLine(line);
      bell.ring();
    });
    child.once('exit', (code, signal) => {
      this.#process = undefined;
      if (!this.#isExpectedToEnd) onCrash(`ended by itself: ${signal ?? `exit code ${code}`}`);
      bell.ring();
    });
    return child;
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#isExpectedToEnd = true;
    child.kill(signal);
    if (signal === 'SIGKILL') await once(child, 'exit');
    else {
      const what = `${this.name} ends`;
      await this.#options.bell.until(() => this.#process !== child, { what, mostMs: END_MS });
    }
  }
}
