/**
 * How a call ends early: an `AbortSignal`, a deadline on the connection's clock, or both. Whatever was registered is
 * removed again, so that a long-lived signal does not collect listeners.
 */
import type { Clock } from './clock.ts';
import type { CallOptions } from './contract.ts';
import { RpcError } from './errors.ts';

/** Calls `end` once with the reason when a call's signal aborts or its time is over; the answer takes that back. */
export function watchForEnd(
  options: CallOptions,
  clock: Clock,
  name: string,
  end: (reason: unknown) => void,
): () => void {
  const { signal, timeoutMs } = options;
  const stopTimer = timeoutMs === undefined ? undefined : clock.schedule(timeoutMs, onDeadline);
  signal?.addEventListener('abort', onAbort, { once: true });

  function stop(): void {
    stopTimer?.();
    signal?.removeEventListener('abort', onAbort);
  }
  function onAbort(): void {
    stop();
    end(signal?.reason);
  }
  function onDeadline(): void {
    stop();
    end(new RpcError('deadline_exceeded', `Cannot finish ${name}: no answer within ${timeoutMs} ms`));
  }
  return stop;
}
