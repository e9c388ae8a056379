import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_ROTATION_LIMITS, TrackerRotation } from '../src/tracker-rotation.ts';

const lowest = { integer: () => 0 };
const highest = { integer: (max: number) => max - 1 };

describe('TrackerRotation', () => {
  it('prefers the first tracker, and turns to the second when the first fails', () => {
    const rotation = new TrackerRotation(2, lowest);
    expect(rotation.next(0)).toEqual({ tracker: 0, delayMs: 0 });
    rotation.failed(0, 0);
    expect(rotation.next(0)).toEqual({ tracker: 1, delayMs: 0 });
  });

  it('comes back to the first one when its cool-down is over', () => {
    const rotation = new TrackerRotation(2, highest);
    rotation.failed(0, 0);
    expect(rotation.next(DEFAULT_ROTATION_LIMITS.firstCoolDownMs)).toEqual({ tracker: 0, delayMs: 0 });
  });

  it('waits for the earliest one when all cool down', () => {
    const rotation = new TrackerRotation(2, highest);
    rotation.failed(0, 0);
    rotation.failed(1, 10);
    expect(rotation.next(20)).toEqual({ tracker: 0, delayMs: 230 });
  });

  it('forgets failures on success', () => {
    const rotation = new TrackerRotation(1, highest);
    for (let failure = 0; failure < 5; failure++) rotation.failed(0, 0);
    rotation.succeeded(0);
    rotation.failed(0, 0);
    expect(rotation.next(0).delayMs).toBe(DEFAULT_ROTATION_LIMITS.firstCoolDownMs);
  });

  it('never waits longer than the longest cool-down, nor less than half of the first', () => {
    const random = fc.nat().map((seed) => ({ integer: (max: number) => seed % max }));
    fc.assert(
      fc.property(random, fc.integer({ min: 1, max: 200 }), (source, failures) => {
        const rotation = new TrackerRotation(1, source);
        for (let failure = 0; failure < failures; failure++) rotation.failed(0, 0);
        const { delayMs } = rotation.next(0);
        expect(delayMs).toBeLessThanOrEqual(DEFAULT_ROTATION_LIMITS.longestCoolDownMs);
        expect(delayMs).toBeGreaterThanOrEqual(DEFAULT_ROTATION_LIMITS.firstCoolDownMs / 2);
      }),
    );
  });

  it('refuses an empty list and a tracker that is not in it', () => {
    expect(() => new TrackerRotation(0, lowest)).toThrow(RangeError);
    expect(() => new TrackerRotation(1, lowest).failed(1, 0)).toThrow(RangeError);
  });
});
