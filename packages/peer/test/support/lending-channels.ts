/**
 * Two joined channels that lend what they bring, as the ones of sockets do: bytes are read into one buffer again and again,
 * so that whatever memory a block takes on its way is the doing of those at the ends.
 */
import type { Channel, ChannelEvents } from '@minitorrent/rpc-core';

/** What TLS reads at once. */
const LENT_BYTES = 16 * 1024;
/** About what a kernel buffers for one socket. */
const HIGH_WATER_BYTES = 256 * 1024;

export function createLendingChannels(): readonly [Channel, Channel] {
  const [a, b] = [new LendingChannel(), new LendingChannel()];
  a.other = b;
  b.other = a;
  return [a, b];
}

class LendingChannel implements Channel {
  readonly info = { remote: { host: 'peer', port: 1 } };
  other: LendingChannel | undefined;
  readonly #lent = new Uint8Array(LENT_BYTES);
  readonly #outgoing: Uint8Array[] = [];
  #events: ChannelEvents | undefined;
  #isPaused = false;
  #isSending = false;
  #owesDrain = false;
  #isClosed = false;
  queuedBytes = 0;

  start(events: ChannelEvents): void {
    this.#events = events;
    this.other?.sendSoon();
  }

  write(parts: readonly Uint8Array[]): boolean {
    if (this.#isClosed) return false;
    for (const part of parts) {
      this.#outgoing.push(part);
      this.queuedBytes += part.length;
    }
    this.sendSoon();
    this.#owesDrain ||= this.queuedBytes >= HIGH_WATER_BYTES;
    return !this.#owesDrain;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.other?.sendSoon();
  }

  end(): void {
    this.destroy();
  }

  /** Takes both ends with it, without a word to the other. */
  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    queueMicrotask(() => this.#events?.close());
    this.other?.destroy();
  }

  sendSoon(): void {
    if (this.#isSending) return;
    this.#isSending = true;
    queueMicrotask(() => {
      this.#isSending = false;
      this.#send();
    });
  }

  #send(): void {
    while (!this.#isClosed && this.other?.canRead === true) {
      const part = this.#outgoing.shift();
      if (part === undefined) break;
      const chunk = part.subarray(0, LENT_BYTES);
      if (chunk.length < part.length) this.#outgoing.unshift(part.subarray(chunk.length));
      this.other.read(chunk);
      this.queuedBytes -= chunk.length;
    }
    if (!this.#owesDrain || this.queuedBytes > HIGH_WATER_BYTES / 2) return;
    this.#owesDrain = false;
    this.#events?.drain();
  }

  get canRead(): boolean {
    return this.#events !== undefined && !this.#isPaused;
  }

  read(chunk: Uint8Array): void {
    this.#lent.set(chunk);
    const lent = this.#lent.subarray(0, chunk.length);
    if (this.#events?.lentBytes === undefined) this.#events?.bytes(lent.slice());
    else this.#events.lentBytes(lent);
    // Nobody may look at it any more.
    lent.fill(0xee);
  }
}
