/**
 * A modelled uplink: the pieces being sent share its rate equally.
 */
import type { VirtualTime } from './virtual-time.ts';

export interface Uplink {
  /** Sends `bytes`; `onSent` runs when the last has left. */
  send(key: number, bytes: number, onSent: () => void): void;
  cancel(key: number): void;
  cancelAll(): void;
  readonly sentBytes: number;
}

interface Transfer {
  readonly key: number;
  leftBytes: number;
  readonly onSent: () => void;
}

export function createUplink(time: VirtualTime, bytesPerMs: number): Uplink {
  const transfers = new Map<number, Transfer>();
  let updatedAtMs = 0;
  let generation = 0;
  let sentBytes = 0;

  /** Moves every transfer on to the present. */
  function advance(): void {
    const each = transfers.size === 0 ? 0 : ((time.nowMs - updatedAtMs) * bytesPerMs) / transfers.size;
    for (const transfer of transfers.values()) transfer.leftBytes -= each;
    sentBytes += each * transfers.size;
    updatedAtMs = time.nowMs;
  }

  function planNext(): void {
    generation += 1;
    let next: Transfer | undefined;
    for (const transfer of transfers.values()) {
      if (!next || transfer.leftBytes < next.leftBytes) next = transfer;
    }
    if (!next) return;
    const planned = generation;
    const finished = next;
    time.after((Math.max(0, next.leftBytes) * transfers.size) / bytesPerMs, () => {
      if (planned !== generation) return;
      advance();
      transfers.delete(finished.key);
      planNext();
      finished.onSent();
    });
  }

  return {
    get sentBytes() {
      return sentBytes;
    },
    send(key, bytes, onSent) {
      advance();
      transfers.set(key, { key, leftBytes: bytes, onSent });
      planNext();
    },
    cancel(key) {
      advance();
      if (transfers.delete(key)) planNext();
    },
    cancelAll() {
      advance();
      transfers.clear();
      planNext();
    },
  };
}
