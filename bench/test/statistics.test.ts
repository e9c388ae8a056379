import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { median, pairedRatio, summarize, summarizeUnits } from '../harness/statistics.ts';

const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 });

describe('median', () => {
  test('is the middle, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([1, 9, 5, 6])).toBe(5.5);
    expect(() => median([])).toThrow(RangeError);
  });

  test('has as many values at or below it as at or above it, in any order', () => {
    fc.assert(
      fc.property(values, (list) => {
        const middle = median(list);
        const atMost = list.filter((value) => value <= middle).length;
        const atLeast = list.filter((value) => value >= middle).length;
        expect(Math.min(atMost, atLeast)).toBeGreaterThanOrEqual(list.length / 2);
        expect(median(list.toReversed())).toBe(middle);
      }),
    );
  });
});

describe('summarize', () => {
  test('says least, most, and a deviation that one wild value does not move', () => {
    expect(summarize([10, 11, 9, 1000, 10])).toEqual({ median: 10, min: 9, max: 1000, deviation: 1 });
  });

  test('goes by unit, over the rounds that have it', () => {
    const units = summarizeUnits([{ a: 1, b: 5 }, { a: 3 }]);
    expect(units.a).toMatchObject({ median: 2, min: 1, max: 3 });
    expect(units.b).toMatchObject({ median: 5 });
  });
});

describe('pairedRatio', () => {
  test('compares round with round, so that a slow spell of the machine leaves it', () => {
    const theirs = [100, 100, 30, 30, 100].map((a) => ({ a }));
    const ours = theirs.map(({ a }) => ({ a: 2 * a }));
    expect(pairedRatio(ours, theirs, 'a')).toBe(2);
  });

  test('is undefined where there is nothing to compare', () => {
    expect(pairedRatio([{ a: 1 }], [], 'a')).toBeUndefined();
    expect(pairedRatio([{ a: 1 }], [{ b: 1 }], 'a')).toBeUndefined();
    expect(pairedRatio([{ a: 1 }], [{ a: 0 }], 'a')).toBeUndefined();
  });
});
