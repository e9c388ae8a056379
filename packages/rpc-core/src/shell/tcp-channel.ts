/**
 * A TCP socket as a channel, bare or under TLS.
 *
 * Both directions end on their own (half-open), the parts of a write leave in one vectored write, and nothing is reported
 * before `start`. What goes wrong comes out of `close`, once.
 */
import type { Socket } from 'node:net';
import type { Channel, ChannelEvents, ChannelInfo } from '../channel.ts';
import { createStreamReads, type SocketReads } from './socket-reads.ts';

/** Queued bytes from which `write` answers false: enough for the kernel to take while the next piece is made. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** A socket, and what it is made of where that is known. */
export interface ChannelSocket {
  /** Connected, and not read from. */
  readonly socket: Socket;
  /** The TCP socket that carries it, and can be reset; `socket` unless given, and undefined where nobody knows it. */
  readonly carrier?: Socket | undefined;
  /** How it is read; as a stream unless given. */
  readonly reads?: SocketReads;
}

export function createTcpChannel(socket: ChannelSocket, info: ChannelInfo): Channel {
  return new TcpChannel(socket, info);
}

/**
 * Drops a connection with a reset, or the other side would take it for an end in good order.
 *
 * Not where everything is sent and the end is on its way: there it is one, and libuv refuses (`uv_tcp_close_reset` is EINVAL
 * while shutting down). Node.js then takes the socket for closed which is not, keeps its descriptor, and spins for ever when
 * the process ends. It is `socket` that ends: of what goes on below TLS its `carrier` knows nothing.
 *
 * Without a carrier the other side does take it for an end; a connection knows better, for nobody said goodbye.
 */
export function resetSocket(socket: Socket, carrier: Socket | undefined): void {
  const { writableEnded, writableFinished, writableLength } = socket;
  const isEnding = writableEnded && !writableFinished && writableLength === 0;
  if (carrier === undefined) socket.destroy();
  else if (isEnding) carrier.destroy();
  else carrier.resetAndDestroy();
}

class TcpChannel implements Channel {
  readonly info: ChannelInfo;
  readonly #socket: Socket;
  readonly #carrier: Socket | undefined;
  readonly #reads: SocketReads;
  #events: ChannelEvents | undefined;
  #error: Error | undefined;
  #isClosed = false;

  constructor({ socket, reads = createStreamReads(socket), ...rest }: ChannelSocket, info: ChannelInfo) {
    this.info = info;
    this.#socket = socket;
    this.#carrier = 'carrier' in rest ? rest.carrier : socket;
    this.#reads = reads;
    socket.on('error', (error) => {
      this.#error ??= error;
      // A record that was tampered with is an error that leaves the socket open.
      if (!socket.destroyed) resetSocket(this.#socket, this.#carrier);
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#reportClose();
    });
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  start(events: ChannelEvents): void {
    if (this.#events !== undefined) throw new TypeError('Cannot start a channel twice');
    this.#events = events;
    this.#socket.on('drain', () => events.drain());
    this.#reads.start(events);
    if (this.#isClosed) queueMicrotask(() => this.#reportClose());
  }

  write(parts: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return false;
    socket.cork();
    for (const part of parts) socket.write(part);
    socket.uncork();
    return socket.writableLength < HIGH_WATER_BYTES;
  }

  pause(): void {
    this.#reads.pause();
  }

  resume(): void {
    this.#reads.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    resetSocket(this.#socket, this.#carrier);
  }

  #reportClose(): void {
    const isOrderly = this.#reads.hasEnded && this.#socket.writableFinished && this.#error === undefined;
    const error = this.#error ?? new Error('The socket was closed before both sides had ended');
    this.#events?.close(isOrderly ? undefined : error);
  }
}
