/**
 * A modelled uplink: the lanes that have something to send share its rate equally, each lane sends in order.
 */
import type { VirtualTime } from './virtual-time.ts';

export interface Uplink {
  /** Sends `bytes` behind what the lane has; `onSent` runs when the last has left. */
  send(transfer: {
    readonly key: number;
    readonly lane: string;
    readonly bytes: number;
    onSent(): void;
  }): void;
  cancel(key: number): void;
  cancelAll(): void;
  readonly sentBytes: number;
}

interface Transfer {
  readonly key: number;
  readonly lane: string;
  leftBytes: number;
  readonly onSent: () => void;
}

export function createUplink(time: VirtualTime, bytesPerMs: number): Uplink {
  /** The first of each lane is under way. */
  const lanes = new Map<string, Transfer[]>();
  let updatedAtMs = 0;
  let generation = 0;
  let sentBytes = 0;

  /** Moves every transfer that is under way on to the present. */
  function advance(): void {
    const each = lanes.size === 0 ? 0 : ((time.nowMs - updatedAtMs) * bytesPerMs) / lanes.size;
    for (const [transfer] of lanes.values()) if (transfer) transfer.leftBytes -= each;
    sentBytes += each * lanes.size;
    updatedAtMs = time.nowMs;
  }

  function planNext(): void {
    generation += 1;
    let next: Transfer | undefined;
    for (const [transfer] of lanes.values()) {
      if (transfer && (!next || transfer.leftBytes < next.leftBytes)) next = transfer;
    }
    if (!next) return;
    const planned = generation;
    const finished = next;
    time.after((Math.max(0, next.leftBytes) * lanes.size) / bytesPerMs, () => {
      if (planned !== generation) return;
      advance();
      remove(finished.key);
      planNext();
      finished.onSent();
    });
  }

  function remove(key: number): boolean {
    for (const [lane, transfers] of lanes) {
      const place = transfers.findIndex((transfer) => transfer.key === key);
      if (place === -1) continue;
      transfers.splice(place, 1);
      if (transfers.length === 0) lanes.delete(lane);
      return true;
    }
    return false;
  }

  return {
    get sentBytes() {
      return sentBytes;
    },
    send({ key, lane, bytes, onSent }) {
      advance();
      const transfer = { key, lane, leftBytes: bytes, onSent };
      const before = lanes.get(lane);
      if (before) before.push(transfer);
      else lanes.set(lane, [transfer]);
      planNext();
    },
    cancel(key) {
      advance();
      if (remove(key)) planNext();
    },
    cancelAll() {
      advance();
      lanes.clear();
      planNext();
    },
  };
}
