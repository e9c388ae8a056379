import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distributionBound } from '../transfer/bound.ts';

const positive = fc.integer({ min: 1, max: 1_000_000 });
const shape = fc.record({
  bytes: positive,
  leechers: fc.integer({ min: 1, max: 100 }),
  seederUplink: positive,
  leecherUplink: positive,
});

describe('distributionBound', () => {
  test('is the time of the seeder alone where all uplinks are equal', () => {
    const each = 12_500_000;
    const bytes = 64 * 2 ** 20;
    const bound = distributionBound({ bytes, leechers: 8, seederUplink: each, leecherUplink: each });
    expect(bound).toBeCloseTo(5.369, 3);
  });

  test('is limited by the sum of all uplinks where those of the leechers are narrow', () => {
    expect(distributionBound({ bytes: 100, leechers: 9, seederUplink: 100, leecherUplink: 0 })).toBe(9);
  });

  test('is limited by the slowest downlink', () => {
    const narrow = { bytes: 100, leechers: 1, seederUplink: 100, leecherUplink: 100, slowestDownlink: 10 };
    expect(distributionBound(narrow)).toBe(10);
  });

  test('never falls when a leecher joins who sends nothing', () => {
    fc.assert(
      fc.property(shape, (one) => {
        const total = one.seederUplink + one.leechers * one.leecherUplink;
        const more = { ...one, leechers: one.leechers + 1 };
        // The same sum of uplinks, shared by one more.
        const leecherUplink = (total - one.seederUplink) / more.leechers;
        expect(distributionBound({ ...more, leecherUplink })).toBeGreaterThanOrEqual(
          distributionBound(one) * (1 - 1e-9),
        );
      }),
    );
  });
});
