import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../src/rate-limiter.ts';

describe('createRateLimiter', () => {
  it('lets through a burst and then so many a second, over any stretch of time', async () => {
    await fc.assert(
      fc.property(fc.array(fc.nat(3_000), { maxLength: 100 }), (gaps) => {
        const limiter = createRateLimiter({ perSecond: 1, burst: 10 });
        const taken: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          if (limiter.take('device', now) === 0) taken.push(now);
        }
        taken.forEach((start, first) => {
          taken.slice(first).forEach((end, more) => {
            expect(more + 1).toBeLessThanOrEqual(10 + (end - start) / 1_000 + 1e-6);
          });
        });
      }),
    );
  });

  it('says when the next one may come, and that one may', () => {
    const limiter = createRateLimiter({ perSecond: 2, burst: 1 });
    expect(limiter.take('device', 0)).toBe(0);
    expect(limiter.take('device', 100)).toBe(400);
    expect(limiter.take('device', 500)).toBe(0);
    expect(limiter.take('other', 500)).toBe(0);
  });

  it('forgets the keys whose bucket is full again', () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 2 });
    limiter.take('early', 0);
    limiter.take('late', 900);
    limiter.sweep(1_000);
    expect(limiter.size).toBe(1);
    limiter.sweep(1_900);
    expect(limiter.size).toBe(0);
  });
});
