/**
 * Holds blocks back until the uplink has room for them, and asks receivers how far they have read.
 */
import { LEAF_BYTES } from '@minitorrent/chunk-store';
import type { Clock, Connection } from '@minitorrent/rpc-core';
import { PEER_MESSAGE_LIMITS } from '../message-limits.ts';
import { type Grant, UploadWindow, type UploadWindowLimits } from '../upload-window.ts';
import { settledBy } from '../waiting.ts';

/** The connection to a receiver. */
export type UploadLine = Pick<Connection, 'arrival' | 'closed'>;

/** A block that is to go. */
export interface GateRequest {
  readonly line: UploadLine;
  readonly bytes: number;
  readonly signal: AbortSignal;
  /** It waits, and whether for others rather than for its own receiver; said again when that changes. */
  onWait(isForOthers: boolean): void;
}

interface Waiting extends Omit<GateRequest, 'signal'> {
  isForOthers: boolean;
  readonly settle: () => void;
}

export class UploadGate {
  readonly #clock: Clock;
  readonly #window: UploadWindow<UploadLine>;
  readonly #known = new WeakSet<UploadLine>();
  /** In the order of coming. */
  readonly #waiting = new Set<Waiting>();
  #cancelTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(clock: Clock, limits: Partial<UploadWindowLimits> = {}) {
    this.#clock = clock;
    this.#window = new UploadWindow(limits);
  }

  /** What to send at a time. */
  get blockBytes(): number {
    return this.#window.blockBytes(LEAF_BYTES, PEER_MESSAGE_LIMITS.blockBytes);
  }

  /**
   * Resolves when the block may go, and then it is to be written before anything else is waited for; or as soon as the signal
   * aborts. Blocks go in the order of coming, but past those whose receivers are overdue.
   */
  async pass(request: GateRequest): Promise<void> {
    const { line, bytes, signal, onWait } = request;
    // Of a connection that is over nothing must be known here again.
    if (signal.aborted) return;
    this.#watch(line);
    const isInTurn = ![...this.#waiting].some((waiting) => waiting.isForOthers);
    const grant = isInTurn ? this.#take(request) : 'full';
    if (grant === 'granted') return;
    const isForOthers = grant === 'full';
    onWait(isForOthers);
    await settledBy(signal, (settle) => {
      const waiting = { line, bytes, isForOthers, onWait, settle };
      this.#waiting.add(waiting);
      this.#askDue();
      return () => this.#waiting.delete(waiting);
    });
  }

  /** Nothing follows on this line for now. */
  rests(line: UploadLine): void {
    setImmediate(() => {
      if (!this.#isClosed && this.#window.hasUnasked(line)) this.#ask(line);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  #take({ line, bytes }: Pick<GateRequest, 'line' | 'bytes'>): Grant {
    const grant = this.#window.take(line, bytes, this.#clock.now());
    // Its writer goes on by promises alone, so by then it is written, and the question goes behind it.
    if (grant === 'granted') setImmediate(() => this.#written(line, bytes));
    return grant;
  }

  #written(line: UploadLine, bytes: number): void {
    this.#window.sent(line, bytes);
    if (!this.#isClosed) this.#askDue();
  }

  /** What was on a connection that is over takes no room. */
  #watch(line: UploadLine): void {
    if (this.#known.has(line)) return;
    this.#known.add(line);
    void line.closed.then(() => {
      this.#window.forget(line, this.#clock.now());
      this.#goOn();
    });
  }

  #askDue(): void {
    for (const line of [...this.#window.due()]) this.#ask(line);
    this.#setTimer();
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
      const grant = this.#take(waiting);
      if (grant === 'granted') waiting.settle();
      else this.#keepWaiting(waiting, grant === 'full');
      if (grant === 'full') break;
    }
    this.#askDue();
  }

  #keepWaiting(waiting: Waiting, isForOthers: boolean): void {
    if (waiting.isForOthers === isForOthers) return;
    waiting.isForOthers = isForOthers;
    waiting.onWait(isForOthers);
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
