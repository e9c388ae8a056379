/**
 * The paces of a peer's two directions, by its plan and the time of day.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { checkPlan, limitsAt } from '../transfer-limits.ts';
import type { TransferPlan } from '../transfers.ts';
import { Pace } from './pace.ts';

const MINUTE_MS = 60_000;

/** Disposal leaves the limits as they are. */
export class Paces implements Disposable {
  readonly up: Pace;
  readonly down: Pace;
  readonly #clock: Clock;
  #plan: TransferPlan = {};
  #isClosed = false;
  #cancelChange: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.up = new Pace(clock);
    this.down = new Pace(clock);
  }

  /** Holds from now on. Fails with a RangeError as `checkPlan` does, and then nothing changes. */
  follow(plan: TransferPlan): void {
    checkPlan(plan);
    this.#plan = plan;
    this.#apply();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#cancelChange();
  }

  #apply(): void {
    this.#cancelChange();
    // By the clock on the wall where the program runs: that is how people mean it.
    const now = new Date(this.#clock.wallNow());
    const minute = now.getHours() * 60 + now.getMinutes();
    const { upBytesPerSecond, downBytesPerSecond } = limitsAt(this.#plan, minute);
    this.up.bytesPerSecond = upBytesPerSecond;
    this.down.bytesPerSecond = downBytesPerSecond;
    if (this.#plan.schedule === undefined || this.#isClosed) return;
    // The wall clock may be set: it is looked at every minute.
    const restMs = MINUTE_MS - (now.getSeconds() * 1_000 + now.getMilliseconds());
    this.#cancelChange = this.#clock.schedule(restMs, () => this.#apply());
  }
}
