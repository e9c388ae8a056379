/**
 * How fast a peer may send and receive, by the time of day. Pure: the minute of the day is an argument.
 */
import type { TransferLimits, TransferPlan } from './transfers.ts';

export const MINUTES_A_DAY = 24 * 60;
/** Below this one block of a piece would take longer than others wait for one. */
export const LEAST_BYTES_PER_SECOND: number = 16 * 1024;

/** The limits in force at `minute` of the day: those of the first span that it lies in, or else the general ones. */
export function limitsAt(plan: TransferPlan, minute: number): TransferLimits {
  return plan.schedule?.find((span) => isWithin(span, minute)) ?? plan;
}

/** Fails with a RangeError for a plan that cannot be meant. */
export function checkPlan(plan: TransferPlan): void {
  for (const limits of [plan, ...(plan.schedule ?? [])]) {
    for (const rate of [limits.upBytesPerSecond, limits.downBytesPerSecond]) {
      if (rate === undefined || rate >= LEAST_BYTES_PER_SECOND) continue;
      throw new RangeError(
        `Cannot limit to ${rate} bytes a second, expected ${LEAST_BYTES_PER_SECOND} or more`,
      );
    }
  }
  for (const { fromMinute, toMinute } of plan.schedule ?? []) {
    for (const minute of [fromMinute, toMinute]) {
      if (Number.isInteger(minute) && minute >= 0 && minute < MINUTES_A_DAY) continue;
      throw new RangeError(
        `Cannot change limits at minute ${minute} of the day, expected 0 to ${MINUTES_A_DAY - 1}`,
      );
    }
  }
}

/** A span may go past midnight; from a minute to the same one it is the whole day. */
function isWithin(
  { fromMinute, toMinute }: { fromMinute: number; toMinute: number },
  minute: number,
): boolean {
  return fromMinute < toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute;
}
