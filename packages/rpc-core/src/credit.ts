/**
 * Credit of one stream, counted in bytes and kept alike on both sides.
 *
 * The sender may send an item whenever the balance is above zero, however large the item: the balance then goes below
 * zero and must be paid back first. So an item larger than the window never locks a stream up, and what is unread is at
 * most one window and one item.
 */
import { itemOverheadBytes } from './limits.ts';

/** What an item of `payloadBytes` costs. The surcharge keeps streams of empty items bounded too. */
export function itemCost(payloadBytes: number): number {
  return payloadBytes + itemOverheadBytes;
}

/** The consumer's half: decides when what was read is worth a `credit` frame. */
export interface CreditReturn {
  /** Takes note that an item was read; answers the credit to grant now, or 0 to wait for more. */
  consumed(payloadBytes: number): number;
}

/** Grants in halves of the window: rare enough to cost nothing, early enough that the sender need not stop. */
export function createCreditReturn(windowBytes: number): CreditReturn {
  const worthSending = Math.max(1, Math.floor(windowBytes / 2));
  let owed = 0;
  return {
    consumed(payloadBytes) {
      owed += itemCost(payloadBytes);
      if (owed < worthSending) return 0;
      const grant = owed;
      owed = 0;
      return grant;
    },
  };
}
