/**
 * Bounds what lies unread in the streams of one connection: over the limit the channel is paused, at half of it the flow
 * goes on.
 *
 * Credit bounds each stream; this bounds their sum. While the channel is paused nothing of the connection arrives, so a
 * reader that waits for another answer of the same connection while it leaves `limits.queuedInputBytes` unread waits
 * in vain.
 */
import type { Channel } from './channel.ts';
import type { Watchdog } from './watchdog.ts';

export interface Intake {
  /** What lies unread now. */
  readonly unreadBytes: number;
  /** Bytes arrived for streams (above zero), or were read (below). */
  count(changeBytes: number): void;
}

export function createIntake(channel: Channel, watchdog: Watchdog, limitBytes: number): Intake {
  return new PausingIntake(channel, watchdog, limitBytes);
}

/** A class, as all that each connection has one of: objects with accessors of their own do not share a shape. */
class PausingIntake implements Intake {
  readonly #channel: Channel;
  readonly #watchdog: Watchdog;
  readonly #limitBytes: number;
  #unreadBytes = 0;
  #isPaused = false;

  constructor(channel: Channel, watchdog: Watchdog, limitBytes: number) {
    this.#channel = channel;
    this.#watchdog = watchdog;
    this.#limitBytes = limitBytes;
  }

  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  count(changeBytes: number): void {
    this.#unreadBytes += changeBytes;
    if (!this.#isPaused && this.#unreadBytes > this.#limitBytes) {
      this.#isPaused = true;
      this.#watchdog.paused();
      this.#channel.pause();
    } else if (this.#isPaused && this.#unreadBytes <= this.#limitBytes / 2) {
      this.#isPaused = false;
      this.#watchdog.resumed();
      this.#channel.resume();
    }
  }
}
