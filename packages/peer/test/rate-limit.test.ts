import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit } from '../src/rate-limit.ts';

describe('RateLimit', () => {
  it('keeps within 3 % of its rate while somebody always asks, however late the timers are', () => {
    const run = fc.record({
      rate: fc.integer({ min: 16 * 1024, max: 200 * 1024 * 1024 }),
      blocks: fc.array(fc.integer({ min: 1, max: 256 * 1024 }), { minLength: 1, maxLength: 40 }),
      lateMs: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(run, ({ rate, blocks, lateMs }) => {
        const limit = new RateLimit(rate);
        let nowMs = 1_000;
        let sent = 0;
        for (let turn = 0; nowMs < 61_000 && turn < 2_000; turn += 1) {
          // A block of an eighth of a second or more: what is asked for outlasts a late timer.
          const wanted = Math.max(blocks[turn % blocks.length] ?? 1, Math.ceil(rate / 8));
          const bytes = Math.min(wanted, limit.burstBytes);
          const atMs = limit.reserve(bytes, nowMs);
          if (atMs < nowMs) expect.fail('it went before it was asked for');
          nowMs = atMs > nowMs ? atMs + (lateMs[turn % lateMs.length] ?? 0) : nowMs;
          if (nowMs < 61_000) sent += bytes;
        }
        // What went last may take its time after the minute.
        expect(Math.abs(sent - rate * 60)).toBeLessThanOrEqual(rate * 60 * 0.03 + limit.burstBytes);
      }),
    );
  });

  it('lets no more go in any span than the rate, a tenth of a second and one request', () => {
    const steps = fc.array(fc.record({ bytes: fc.nat({ max: 50_000 }), idleMs: fc.nat({ max: 3_000 }) }));
    fc.assert(
      fc.property(steps, (asked) => {
        const rate = 100_000;
        const limit = new RateLimit(rate);
        const gone: { atMs: number; bytes: number }[] = [];
        let nowMs = 0;
        for (const { bytes, idleMs } of asked) {
          nowMs = limit.reserve(bytes, nowMs + idleMs);
          gone.push({ atMs: nowMs, bytes });
        }
        for (const [start, { atMs: fromMs }] of gone.entries()) {
          let sum = 0;
          for (const { atMs, bytes } of gone.slice(start)) {
            // Without the last one, which may take as long as it likes once it may go.
            if (sum > (rate * (atMs - fromMs + 100)) / 1_000 + 1e-6) expect.fail(`${sum} bytes went`);
            sum += bytes;
          }
        }
      }),
    );
  });

  it('takes half a second for a burst, but no less than a leaf', () => {
    const bursts = [undefined, 1, 16_384, 32_768, 100_000].map((rate) => new RateLimit(rate).burstBytes);
    expect(bursts).toEqual([Number.POSITIVE_INFINITY, 16_384, 16_384, 16_384, 50_000]);
  });

  it('lets everything go where there is no limit, and takes up a new one at once', () => {
    const limit = new RateLimit();
    expect(limit.reserve(1e9, 5)).toBe(5);
    limit.bytesPerSecond = 1_000;
    expect([limit.reserve(1_100, 5), limit.reserve(1, 5)]).toEqual([5, 1_005]);
    limit.bytesPerSecond = undefined;
    expect(limit.reserve(1e9, 5)).toBe(5);
    expect(() => new RateLimit(0)).toThrow(RangeError);
  });
});
