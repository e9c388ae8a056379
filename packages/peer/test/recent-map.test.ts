import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from '../src/recent-map.ts';

describe('RecentMap', () => {
  it('forgets what was put in or looked up longest ago', () => {
    const map = new RecentMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  });

  it('never holds more than it may, and always what was put in last', () => {
    const step = fc.record({ key: fc.nat(20), value: fc.nat() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step), (most, steps) => {
        const map = new RecentMap<number, number>(most);
        for (const { key, value } of steps) {
          map.set(key, value);
          expect(map.get(key)).toBe(value);
          expect(map.size).toBeLessThanOrEqual(most);
        }
      }),
    );
  });

  it('forgets what it is told to, and everything', () => {
    const map = new RecentMap<string, number>(3);
    for (const key of ['a', 'b', 'c']) map.set(key, 1);
    map.delete('a');
    expect([map.get('a'), map.size]).toEqual([undefined, 2]);
    map.clear();
    expect(map.size).toBe(0);
    expect(() => new RecentMap(0)).toThrow(RangeError);
  });
});
