/**
 * An uplink as its program sees it: connections that take all that they are given at once, kept short by the real window.
 */
import { LEAF_BYTES } from '@minitorrent/chunk-store';
import { PEER_MESSAGE_LIMITS } from '../../src/message-limits.ts';
import { UploadWindow, type UploadWindowLimits } from '../../src/upload-window.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The connection to a receiver. */
export interface Line {
  /** Asks the receiver behind what is written. */
  ask(onAnswer: () => void): void;
}

export interface PieceOnLine<L extends Line> {
  readonly line: L;
  readonly bytes: number;
  /** Nobody wants the rest. */
  isOver(): boolean;
  /** Gives bytes to the connection. */
  write(bytes: number, isFirst: boolean, isLast: boolean): void;
}

interface Sending<L extends Line> {
  readonly piece: PieceOnLine<L>;
  givenBytes: number;
}

export class WindowedUplink<L extends Line> {
  readonly window: UploadWindow<L>;
  readonly #time: VirtualTime;
  /** In the order of coming. */
  readonly #sending = new Set<Sending<L>>();
  #planned = 0;

  constructor(time: VirtualTime, limits: Partial<UploadWindowLimits>) {
    this.#time = time;
    this.window = new UploadWindow(limits);
  }

  send(piece: PieceOnLine<L>): void {
    this.#sending.add({ piece, givenBytes: 0 });
    this.#goOn();
  }

  forget(line: L): void {
    this.window.forget(line, this.#time.nowMs);
    this.#goOn();
  }

  /** Block by block, each piece in its turn: one that has more to give is visited again. */
  #goOn(): void {
    for (const sending of this.#sending) {
      const { piece } = sending;
      const bytes = this.#nextBytes(sending);
      const grant = bytes === 0 ? 'granted' : this.window.take(piece.line, bytes, this.#time.nowMs);
      if (grant === 'full') break;
      if (grant === 'overdue') continue;
      this.#sending.delete(sending);
      if (bytes > 0) this.#give(sending, bytes);
    }
    for (const line of [...this.window.due()]) this.#ask(line);
    this.#planTick();
  }

  /** Of the next block; none of a piece that nobody wants any more. */
  #nextBytes({ piece, givenBytes }: Sending<L>): number {
    if (piece.isOver()) return 0;
    const most = this.window.blockBytes(LEAF_BYTES, PEER_MESSAGE_LIMITS.blockBytes);
    return Math.min(most, piece.bytes - givenBytes);
  }

  /** Gives the connection a block. */
  #give(sending: Sending<L>, bytes: number): void {
    const { piece } = sending;
    const isFirst = sending.givenBytes === 0;
    sending.givenBytes += bytes;
    const isLast = sending.givenBytes === piece.bytes;
    if (!isLast) this.#sending.add(sending);
    piece.write(bytes, isFirst, isLast);
    this.window.sent(piece.line, bytes);
    for (const line of [...this.window.due()]) this.#ask(line);
    if (isLast && this.window.hasUnasked(piece.line)) this.#ask(piece.line);
  }

  #ask(line: L): void {
    const id = this.window.ask(line, this.#time.nowMs);
    line.ask(() => {
      this.window.answered(line, id, this.#time.nowMs);
      this.#goOn();
    });
  }

  /** A receiver that becomes overdue makes room for others. */
  #planTick(): void {
    this.#planned += 1;
    const planned = this.#planned;
    const atMs = this.window.overdueAtMs(this.#time.nowMs);
    if (this.#sending.size === 0 || atMs === Number.POSITIVE_INFINITY) return;
    this.#time.at(atMs, () => {
      if (planned === this.#planned) this.#goOn();
    });
  }
}
