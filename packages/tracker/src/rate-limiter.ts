/**
 * How often something may happen, by key: a token bucket for each key that was used lately.
 */

export interface RateLimits {
  readonly perSecond: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
}

/** All times are of one monotonic clock. */
export interface RateLimiter {
  /** Takes a token and answers 0, or answers the milliseconds until there is one. */
  take(key: string, nowMs: number): number;
  /** Forgets the keys whose bucket is full again. */
  sweep(nowMs: number): void;
  /** Keys that are remembered. */
  readonly size: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

export function createRateLimiter(limits: RateLimits): RateLimiter {
  const { perSecond, burst } = limits;
  const buckets = new Map<string, Bucket>();
  const tokensAt = (bucket: Bucket, nowMs: number): number =>
    Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1_000);
  return {
    take: (key, nowMs) => {
      const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
      bucket.tokens = tokensAt(bucket, nowMs);
      bucket.atMs = nowMs;
      buckets.set(key, bucket);
      if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1_000) / perSecond);
      bucket.tokens -= 1;
      return 0;
    },
    sweep: (nowMs) => {
      for (const [key, bucket] of buckets) if (tokensAt(bucket, nowMs) >= burst) buckets.delete(key);
    },
    get size() {
      return buckets.size;
    },
  };
}
