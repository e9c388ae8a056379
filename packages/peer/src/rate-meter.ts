/**
 * Bytes per second over the last few seconds, as an exponentially weighted moving average.
 *
 * Everything that affects it: the bytes added, the times given, and the half-life. It holds one number, so it costs the
 * same at any rate, and it needs no timer: it decays when it is looked at. Times must not go backwards; one that does
 * counts as the latest time seen.
 */
export interface RateMeter {
  add(bytes: number, nowMs: number): void;
  /** Bytes per second; 0 before anything was added. */
  bytesPerSecond(nowMs: number): number;
}

/** A meter in which bytes weigh half as much after `halfLifeMs`; 2 s by default, which reads calmly on a terminal. */
export function createRateMeter(options: { readonly halfLifeMs?: number } = {}): RateMeter {
  const meanLifeMs = (options.halfLifeMs ?? 2_000) / Math.LN2;
  let decayedBytes = 0;
  let startedAtMs: number | undefined;
  let updatedAtMs = 0;

  function decayTo(nowMs: number): void {
    if (nowMs <= updatedAtMs) return;
    decayedBytes *= Math.exp(-(nowMs - updatedAtMs) / meanLifeMs);
    updatedAtMs = nowMs;
  }

  return {
    add(bytes, nowMs) {
      if (startedAtMs === undefined) {
        startedAtMs = nowMs;
        updatedAtMs = nowMs;
      }
      decayTo(nowMs);
      decayedBytes += bytes;
    },
    bytesPerSecond(nowMs) {
      if (startedAtMs === undefined) return 0;
      decayTo(nowMs);
      // A young meter has seen only part of its window: divide by the weight of that part, of 100 ms at least.
      const ageMs = Math.max(100, updatedAtMs - startedAtMs);
      const weightMs = meanLifeMs * (1 - Math.exp(-ageMs / meanLifeMs));
      return (decayedBytes * 1_000) / weightMs;
    },
  };
}
