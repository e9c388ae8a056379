/**
 * The reading half of a socket's channel: what comes is reported from `start` on, not while paused, and the end last.
 */
import type { Socket } from 'node:net';
import type { ChannelEvents } from '../channel.ts';

/** How a channel reads. */
export interface SocketReads {
  /** Whether the other side has ended. */
  readonly hasEnded: boolean;
  /** Reports by `events`, what came before as well. Called once. */
  start(events: Pick<ChannelEvents, 'bytes' | 'lentBytes' | 'end'>): void;
  pause(): void;
  resume(): void;
}

/** Reads `socket`, which must not have been read from, as any stream is read: each chunk has memory of its own. */
export function createStreamReads(socket: Socket): SocketReads {
  let hasEnded = false;
  let onEnd = (): void => {};
  // Under TLS it may come before `start`, where no byte came before it.
  socket.on('end', () => {
    hasEnded = true;
    onEnd();
  });
  return {
    get hasEnded() {
      return hasEnded;
    },
    start(events) {
      onEnd = () => events.end();
      socket.on('data', (chunk: Uint8Array) => events.bytes(chunk));
      socket.resume();
      if (hasEnded) queueMicrotask(onEnd);
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}

/** The most that TLS reads at once: what a record holds (RFC 8446, section 5.1). */
const LENT_BYTES = 16 * 1024;

/**
 * Reads into one buffer again and again, which saves the allocation of each chunk, and the way of each through a stream:
 * more than half of what receiving under TLS costs. `onread` is to be given to `connect`, and then the socket to `attach`.
 *
 * A socket under TLS goes on with what it has decrypted although it is paused, so that has to be kept here.
 */
export class LentReads implements SocketReads {
  readonly onread = {
    buffer: new Uint8Array(LENT_BYTES),
    callback: (byteLength: number, buffer: Uint8Array): boolean => this.#read(buffer.subarray(0, byteLength)),
  };
  #socket: Socket | undefined;
  #events: Parameters<SocketReads['start']>[0] | undefined;
  readonly #kept: Uint8Array[] = [];
  /** It is, until `start`. */
  #isPaused = true;
  #hasEnded = false;
  #isEndReported = false;

  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#report();
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  start(events: Parameters<SocketReads['start']>[0]): void {
    this.#events = events;
    this.resume();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  /** Nothing is reported before this returns. */
  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#report());
  }

  /** Answers whether to read on. */
  #read(chunk: Uint8Array): boolean {
    if (this.#isPaused || this.#kept.length > 0) this.#kept.push(new Uint8Array(chunk));
    else if (this.#events?.lentBytes !== undefined) this.#events.lentBytes(chunk);
    else this.#events?.bytes(new Uint8Array(chunk));
    return !this.#isPaused;
  }

  #report(): void {
    for (;;) {
      if (this.#isPaused) return;
      const chunk = this.#kept.shift();
      if (chunk === undefined) break;
      this.#events?.bytes(chunk);
    }
    if (this.#hasEnded && !this.#isEndReported) {
      this.#isEndReported = true;
      this.#events?.end();
    } else this.#socket?.resume();
  }
}
