/** The manual clock with the event loop's own way of letting promises settle. */
import { createManualClockWith, type ManualClock } from '../testing/manual-clock.ts';
import { drainMicrotasks } from './drain-microtasks.ts';

/** A clock that stands still until told to go on. It starts at 0, with `wallStart` as its time of day. */
export function createManualClock(options: { readonly wallStart?: number } = {}): ManualClock {
  return createManualClockWith({ ...options, settle: drainMicrotasks });
}
