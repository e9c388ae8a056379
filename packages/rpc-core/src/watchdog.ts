/**
 * Notices a dead or dawdling other side: silence, and frames that were begun and do not arrive.
 *
 * Bytes only leave a time stamp; the timers look at it when they go off, so that a busy connection sets none. While we
 * ourselves do not read, nothing is held against the other side.
 */
import type { Clock } from './clock.ts';
import { RpcError } from './errors.ts';
import type { RpcLimits } from './limits.ts';

export interface Watchdog {
  /** `byteLength` bytes arrived and were processed; `partialBytes` of an unfinished frame are left. */
  heard(byteLength: number, partialBytes: number): void;
  /** We stop reading, or read again. */
  paused(): void;
  resumed(): void;
  stop(): void;
}

/** A frame that hovers at the slowest rate is looked at so often and not at every byte. */
const PARTIAL_CHECK_MS = 1000;

export interface WatchdogOptions {
  readonly clock: Clock;
  readonly limits: RpcLimits;
  /** Silence: ask for a sign of life. */
  readonly onSilence: () => void;
  /** `idle_timeout` or `frame_too_slow`. */
  readonly onDead: (error: RpcError) => void;
}

export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { clock, limits, onSilence, onDead } = options;
  let heardAt = clock.now();
  let isPaused = false;
  let hasAsked = false;
  let partialBytes = 0;
  let partialSince = heardAt;
  let stopSilenceTimer = clock.schedule(limits.pingAfterMs, checkSilence);
  let stopPartialTimer: (() => void) | undefined;

  function checkSilence(): void {
    const silentMs = isPaused ? 0 : clock.now() - heardAt;
    if (silentMs >= limits.closeAfterMs) {
      onDead(new RpcError('idle_timeout', `The other side was silent for ${Math.round(silentMs)} ms`));
      return;
    }
    if (silentMs >= limits.pingAfterMs && !hasAsked) {
      hasAsked = true;
      onSilence();
    }
    const nextMs = hasAsked ? limits.closeAfterMs : limits.pingAfterMs;
    stopSilenceTimer = clock.schedule(nextMs - silentMs, checkSilence);
  }

  function partialAllowedMs(): number {
    return limits.partialFrameGraceMs + (partialBytes / limits.partialFrameBytesPerSecond) * 1000;
  }

  function checkPartial(): void {
    stopPartialTimer = undefined;
    if (partialBytes === 0) return;
    const leftMs = partialSince + partialAllowedMs() - clock.now();
    if (leftMs > 0 || isPaused) watchPartial(Math.max(leftMs, PARTIAL_CHECK_MS));
    else
      onDead(new RpcError('frame_too_slow', `A frame of which ${partialBytes} bytes arrived does not go on`));
  }

  function watchPartial(delayMs: number): void {
    stopPartialTimer ??= clock.schedule(delayMs, checkPartial);
  }

  return {
    heard(byteLength, left) {
      heardAt = clock.now();
      hasAsked = false;
      if (partialBytes === 0 || left !== partialBytes + byteLength) partialSince = heardAt;
      partialBytes = left;
      if (left > 0) watchPartial(limits.partialFrameGraceMs);
    },
    paused() {
      isPaused = true;
    },
    resumed() {
      isPaused = false;
      hasAsked = false;
      heardAt = clock.now();
      partialSince = heardAt;
    },
    stop() {
      stopSilenceTimer();
      stopPartialTimer?.();
      stopPartialTimer = undefined;
    },
  };
}
