import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateMeter } from '../src/rate-meter.ts';

describe('createRateMeter', () => {
  it('reads a steady rate as it is, from the first second on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 20_000 }),
        (perSecond, forMs) => {
          const meter = createRateMeter();
          const startMs = 50_000;
          for (let atMs = 0; atMs <= 1_000 + forMs; atMs += 10) meter.add(perSecond / 100, startMs + atMs);
          const read = meter.bytesPerSecond(startMs + 1_000 + forMs);
          expect(read).toBeGreaterThan(perSecond * 0.98);
          expect(read).toBeLessThan(perSecond * 1.02);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('halves in its half-life once nothing comes in, and is 0 before anything did', () => {
    const meter = createRateMeter({ halfLifeMs: 500 });
    expect(meter.bytesPerSecond(123)).toBe(0);
    for (let atMs = 0; atMs <= 10_000; atMs += 1) meter.add(100, atMs);
    const full = meter.bytesPerSecond(10_000);
    expect(meter.bytesPerSecond(10_500) / full).toBeCloseTo(0.5, 3);
    expect(meter.bytesPerSecond(11_500) / full).toBeCloseTo(0.125, 3);
  });

  it('does not explode at the first bytes, nor when time seems to go back', () => {
    const meter = createRateMeter();
    meter.add(1_000, 5);
    expect(meter.bytesPerSecond(5)).toBeLessThanOrEqual(10_500);
    meter.add(1_000, 1);
    expect(meter.bytesPerSecond(0)).toBeLessThanOrEqual(21_000);
  });
});
