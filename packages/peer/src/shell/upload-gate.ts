/**
 * Holds blocks back until the uplink has room for them, and asks receivers how far they have read.
 */
import { LEAF_BYTES } from '@minitorrent/chunk-store';
import type { Clock, Connection } from '@minitorrent/rpc-core';
import { PEER_MESSAGE_LIMITS } from '../message-limits.ts';
import { UploadWindow, type UploadWindowLimits } from '../upload-window.ts';
import { settledBy } from '../waiting.ts';

/** The connection to a receiver. */
export type UploadLine = Pick<Connection, 'arrival' | 'closed'>;

interface Waiting {
  readonly line: UploadLine;
  readonly bytes: number;
  readonly settle: () => void;
}

export class UploadGate {
  readonly #clock: Clock;
  readonly #window: UploadWindow<UploadLine>;
  readonly #known = new WeakSet<UploadLine>();
  /** In the order of coming. */
  readonly #waiting = new Set<Waiting>();
  #cancelTimer: () => void = () => undefined;

  constructor(clock: Clock, limits: Partial<UploadWindowLimits> = {}) {
    this.#clock = clock;
    this.#window = new UploadWindow(limits);
  }

  /** What to send at a time. */
  get blockBytes(): number {
    return this.#window.blockBytes(LEAF_BYTES, PEER_MESSAGE_LIMITS.blockBytes);
  }

  /** Resolves when the block may be sent, or as soon as `signal` aborts. */
  async pass(line: UploadLine, bytes: number, signal: AbortSignal): Promise<void> {
    this.#watch(line);
    if (this.#window.take(line, bytes, this.#clock.now())) return;
    this.#askDue();
    await settledBy(signal, (settle) => {
      const waiting = { line, bytes, settle };
      this.#waiting.add(waiting);
      this.#setTimer();
      return () => this.#waiting.delete(waiting);
    });
  }

  /** A block was sent that had passed. */
  sent(): void {
    this.#askDue();
  }

  /** Nothing follows on this line for now. */
  rests(line: UploadLine): void {
    if (this.#window.hasUnasked(line)) this.#ask(line);
  }

  close(): void {
    this.#cancelTimer();
  }

  /** What was on a connection that is over takes no room. */
  #watch(line: UploadLine): void {
    if (this.#known.has(line)) return;
    this.#known.add(line);
    void line.closed.then(() => {
      this.#window.forget(line);
      this.#goOn();
    });
  }

  #askDue(): void {
    for (const line of [...this.#window.due()]) this.#ask(line);
  }

  #ask(line: UploadLine): void {
    const id = this.#window.ask(line, this.#clock.now());
    const answered = (): void => {
      this.#window.answered(line, id, this.#clock.now());
      this.#goOn();
    };
    // The connection is over then, which `closed` tells.
    line.arrival().then(answered, () => undefined);
  }

  #goOn(): void {
    for (const waiting of [...this.#waiting]) {
      if (!this.#window.take(waiting.line, waiting.bytes, this.#clock.now())) continue;
      this.#waiting.delete(waiting);
      waiting.settle();
    }
    this.#askDue();
    this.#setTimer();
  }

  /** A receiver that becomes overdue makes room for others. */
  #setTimer(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => undefined;
    if (this.#waiting.size === 0) return;
    const nowMs = this.#clock.now();
    const atMs = this.#window.overdueAtMs(nowMs);
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.schedule(atMs - nowMs, () => this.#goOn());
  }
}
