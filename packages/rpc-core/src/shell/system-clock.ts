/** The machine's clock. */
import type { Clock } from '../clock.ts';

/** Longest delay that a timer takes; it would fire at once beyond it. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Real time, for everything outside tests and simulations. */
export function createSystemClock(): Clock {
  return { now: () => performance.now(), wallNow: () => Date.now(), schedule };
}

function schedule(delayMs: number, task: () => void): () => void {
  const restMs = delayMs - MAX_TIMER_MS;
  let cancel = (): void => clearTimeout(timer);
  const timer = setTimeout(
    () => {
      if (restMs > 0) cancel = schedule(restMs, task);
      else task();
    },
    Math.min(delayMs, MAX_TIMER_MS),
  );
  return () => cancel();
}
