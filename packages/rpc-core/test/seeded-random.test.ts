import { describe, expect, test } from 'vitest';
import { xoshiro128 } from '../src/testing/seeded-random.ts';
import { createSeededRandom } from '../src/testing.ts';

describe('xoshiro128', () => {
  test('gives the numbers of the authors’ algorithm', () => {
    const next = xoshiro128(1, 2, 3, 4);
    const numbers = Array.from({ length: 10 }, next);
    expect(numbers).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });
});

describe('createSeededRandom', () => {
  test('one seed, one sequence', () => {
    const draw = (seed: number) => {
      const random = createSeededRandom(seed);
      return [random.integer(1000), random.bytes(5), random.fork().integer(2 ** 32), random.integer(2 ** 32)];
    };
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  test('a fork does not follow its origin', () => {
    const random = createSeededRandom(1);
    const fork = random.fork();
    const rest = createSeededRandom(1);
    rest.fork();
    fork.bytes(100);
    expect(random.bytes(10)).toEqual(rest.bytes(10));
  });

  test('integers are spread evenly below their bound', () => {
    const random = createSeededRandom(3);
    const counts = Array<number>(3).fill(0);
    for (let draw = 0; draw < 30_000; draw++) {
      const value = random.integer(3);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    for (const count of counts) expect(count / 10_000).toBeCloseTo(1, 1);
    expect(random.integer(1)).toBe(0);
  });

  test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])('refuses %d as a bound', (bound) => {
    expect(() => createSeededRandom(1).integer(bound)).toThrow(RangeError);
  });
});
