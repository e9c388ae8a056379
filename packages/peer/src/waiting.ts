/**
 * Waiting that ends: for a time on the given clock, for a promise, or for a callback, each cut short by a signal.
 *
 * Listeners and timers are taken back whichever way a wait ends, so that nothing is left behind.
 */
import type { Clock } from '@minitorrent/rpc-core';

/** Resolves after `delayMs`, or as soon as `signal` aborts. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return settledBy(signal, (settle) => clock.schedule(delayMs, settle));
}

/** Resolves when `arm`'s callback is called or `signal` aborts, whichever comes first; then disarms. */
export function settledBy(signal: AbortSignal, arm: (settle: () => void) => () => void): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      signal.removeEventListener('abort', settle);
      disarm();
      resolve();
    };
    const disarm = arm(settle);
    signal.addEventListener('abort', settle);
  });
}

/** Settles as `promise` does, or rejects with the signal's reason if that comes first. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
