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
  let unreadBytes = 0;
  let isPaused = false;
  return {
    get unreadBytes() {
      return unreadBytes;
    },
    count(changeBytes) {
      unreadBytes += changeBytes;
      if (!isPaused && unreadBytes > limitBytes) {
        isPaused = true;
        watchdog.paused();
        channel.pause();
      } else if (isPaused && unreadBytes <= limitBytes / 2) {
        isPaused = false;
        watchdog.resumed();
        channel.resume();
      }
    },
  };
}
