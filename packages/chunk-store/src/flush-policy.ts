/**
 * When written pieces are to be made durable. Each flush costs the disk a wait, and each piece that waits for one would be
 * fetched again after a crash. It holds no timer: it is asked at every write, with the time.
 */

/** Bounds for what a crash may cost. */
export interface FlushPolicy {
  /** Flush when this many bytes have been written since the last flush. */
  readonly maxBytes: number;
  /** Flush at the first write that finds an unflushed one this old. */
  readonly maxDelayMs: number;
}

/** Half a second of a fast network, or five seconds of any. */
export const DEFAULT_FLUSH_POLICY: FlushPolicy = { maxBytes: 67_108_864, maxDelayMs: 5_000 };

/** Follows the writes. */
export interface FlushMeter {
  /** Notes a write; whether a flush is due. */
  wrote(byteLength: number, nowMs: number): boolean;
  /** Notes that a flush begins, which covers everything noted so far. */
  flushed(): void;
}

/** Starts with nothing written. */
export function createFlushMeter(policy: FlushPolicy): FlushMeter {
  let bytes = 0;
  let oldestMs = 0;
  return {
    wrote(byteLength, nowMs) {
      if (bytes === 0) oldestMs = nowMs;
      bytes += byteLength;
      return bytes >= policy.maxBytes || nowMs - oldestMs >= policy.maxDelayMs;
    },
    flushed() {
      bytes = 0;
    },
  };
}
