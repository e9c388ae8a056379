/**
 * Two channels joined to each other inside one process: what the in-memory and the simulated network are made of.
 *
 * It keeps the manners of TCP: ordered bytes, a receive window, half-close, reset, and what was written may be changed
 * once it has left.
 * It has no idea of time: a `Wire` decides when bytes have left and when they arrive. Events are never reported from
 * inside a call of the side that they are reported to.
 */
import type { Channel, ChannelEvents, ChannelInfo } from './channel.ts';

/**
 * One direction of a pipe. Must call `arrived` in the order of the calls, and not inside the call; never calling it loses
 * the bytes. `sent` may be called at once.
 */
export interface Wire {
  transmit(byteLength: number, sent: () => void, arrived: () => void): void;
}

/** How a pipe behaves. */
export interface PipeOptions {
  /** Runs a task soon, in order, not at once. */
  readonly defer: (task: () => void) => void;
  /** Bytes under way or unread at the other end before the sender stops; one chunk may always be under way. */
  readonly windowBytes: number;
  /** Queued bytes from which `write` answers false. */
  readonly highWaterBytes: number;
  /** Cuts what one `write` was given into the chunks that travel; its parts unless told otherwise. */
  readonly split?: (parts: readonly Uint8Array[]) => readonly Uint8Array[];
}

/** One end of a pipe. */
export interface PipeEndInfo {
  readonly info: ChannelInfo;
  /** The direction from this end to the other. */
  readonly wire: Wire;
}

/** Joins two ends. `onClosed` is told of each end when it closes, started or not. */
export function createPipe(
  left: PipeEndInfo,
  right: PipeEndInfo,
  options: PipeOptions,
  onClosed: (end: PipeEnd) => void = () => {},
): readonly [PipeEnd, PipeEnd] {
  const a = new PipeEnd(left, options, onClosed);
  const b = new PipeEnd(right, options, onClosed);
  a.join(b);
  b.join(a);
  return [a, b];
}

/** A channel whose other side is in the same process. */
export class PipeEnd implements Channel {
  readonly info: ChannelInfo;
  readonly #wire: Wire;
  readonly #options: PipeOptions;
  readonly #onClosed: (end: PipeEnd) => void;
  #other: PipeEnd | undefined;

  #outgoing: Uint8Array[] = [];
  #queuedBytes = 0;
  #underWayBytes = 0;
  #isSending = false;
  #isPumping = false;
  #owesDrain = false;
  #hasEnded = false;
  #endIsSent = false;

  #events: ChannelEvents | undefined;
  #unread: Uint8Array[] = [];
  #isPaused = false;
  #otherHasEnded = false;
  #endIsReported = false;
  #isDeliveryDue = false;
  #isClosed = false;
  #closeError: Error | undefined;
  #closeIsReported = false;

  constructor(end: PipeEndInfo, options: PipeOptions, onClosed: (end: PipeEnd) => void) {
    this.info = end.info;
    this.#wire = end.wire;
    this.#options = options;
    this.#onClosed = onClosed;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Names the other end; called once, by `createPipe`. */
  join(other: PipeEnd): void {
    this.#other = other;
  }

  start(events: ChannelEvents): void {
    if (this.#events !== undefined) throw new TypeError('Cannot start a channel twice');
    this.#events = events;
    this.#deliverSoon();
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.#isClosed) return false;
    if (this.#hasEnded) throw new TypeError('Cannot write to a channel after end()');
    for (const chunk of this.#options.split?.(parts) ?? parts) this.#queue(chunk);
    this.#pump();
    if (this.#queuedBytes < this.#options.highWaterBytes) return true;
    this.#owesDrain = true;
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliverSoon();
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = true;
    this.#pump();
  }

  destroy(error?: Error): void {
    if (this.#isClosed) return;
    this.#close(error ?? new Error('Channel destroyed on this side'));
    const other = this.#other;
    this.#wire.transmit(
      0,
      () => {},
      () => other?.reset(new Error('Channel reset by the other side')),
    );
  }

  /** Ends this end at once with `error`, without a word to the other: the network did it. */
  reset(error: Error): void {
    if (!this.#isClosed) this.#close(error);
  }

  #queue(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#queuedBytes += chunk.length;
    // The writer may use the memory again before the reader has looked at it.
    this.#outgoing.push(new Uint8Array(chunk));
  }

  /** Sends as long as the wire is free and the window is open, then the end. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (!this.#isSending && this.#underWayBytes < this.#options.windowBytes) {
      const chunk = this.#outgoing.shift();
      if (chunk === undefined) break;
      this.#transmit(chunk);
    }
    this.#isPumping = false;
    if (this.#hasEnded && !this.#endIsSent && !this.#isSending && this.#outgoing.length === 0)
      this.#sendEnd();
    if (this.#owesDrain && this.#queuedBytes <= this.#options.highWaterBytes / 2) this.#deliverSoon();
  }

  #transmit(chunk: Uint8Array): void {
    const other = this.#other;
    this.#isSending = true;
    this.#underWayBytes += chunk.length;
    this.#wire.transmit(
      chunk.length,
      () => {
        this.#isSending = false;
        this.#queuedBytes -= chunk.length;
        if (!this.#isClosed) this.#pump();
      },
      () => other?.arrive(chunk),
    );
  }

  #sendEnd(): void {
    const other = this.#other;
    this.#endIsSent = true;
    this.#wire.transmit(
      0,
      () => this.#closeIfBothEnded(),
      () => other?.arriveEnd(),
    );
  }

  /** The other end's bytes are here. */
  arrive(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.#unread.push(chunk);
    this.#deliver();
  }

  /** The other end has sent all. */
  arriveEnd(): void {
    if (this.#isClosed) return;
    this.#otherHasEnded = true;
    this.#deliver();
  }

  #deliverSoon(): void {
    if (this.#isDeliveryDue) return;
    this.#isDeliveryDue = true;
    this.#options.defer(() => {
      this.#isDeliveryDue = false;
      this.#deliver();
    });
  }

  /** Reports what may be reported now. Handlers may call anything on this channel meanwhile. */
  #deliver(): void {
    const events = this.#events;
    if (events === undefined || this.#closeIsReported) return;
    while (!this.#isPaused && !this.#isClosed) {
      const chunk = this.#unread.shift();
      if (chunk === undefined) break;
      events.bytes(chunk);
      this.#other?.acknowledge(chunk.length);
    }
    this.#deliverDrain(events);
    this.#deliverEnd(events);
    this.#deliverClose(events);
  }

  /** The other end has read so many bytes: the window opens. */
  acknowledge(byteLength: number): void {
    this.#underWayBytes -= byteLength;
    if (!this.#isClosed) this.#pump();
  }

  #deliverDrain(events: ChannelEvents): void {
    if (this.#isClosed || !this.#owesDrain || this.#queuedBytes > this.#options.highWaterBytes / 2) return;
    this.#owesDrain = false;
    events.drain();
  }

  #deliverEnd(events: ChannelEvents): void {
    if (this.#isClosed || this.#isPaused || !this.#otherHasEnded || this.#endIsReported) return;
    if (this.#unread.length > 0) return;
    this.#endIsReported = true;
    events.end();
    this.#closeIfBothEnded();
  }

  #closeIfBothEnded(): void {
    if (this.#endIsSent && this.#endIsReported && !this.#isClosed) this.#close(undefined);
  }

  #close(error: Error | undefined): void {
    this.#isClosed = true;
    this.#closeError = error;
    this.#outgoing = [];
    this.#unread = [];
    this.#queuedBytes = 0;
    this.#onClosed(this);
    this.#deliverSoon();
  }

  #deliverClose(events: ChannelEvents): void {
    if (!this.#isClosed || this.#closeIsReported) return;
    this.#closeIsReported = true;
    events.close(this.#closeError);
  }
}
