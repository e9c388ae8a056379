import { describe, expect, test, vi } from 'vitest';
import { createSystemClock, createSystemRandom } from '../src/index.ts';

describe('createSystemClock', () => {
  test('goes forward, and runs tasks later', async () => {
    const clock = createSystemClock();
    const before = clock.now();
    await new Promise<void>((resolve) => clock.schedule(0, resolve));
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(clock.wallNow() - Date.now())).toBeLessThan(60_000);
  });

  test('a cancelled task does not run, and delays beyond those of a timer are waited for in full', () => {
    vi.useFakeTimers();
    try {
      const clock = createSystemClock();
      const ran: string[] = [];
      const day = 24 * 3600 * 1000;
      clock.schedule(40 * day, () => ran.push('40 days'));
      const cancel = clock.schedule(30 * day, () => ran.push('cancelled'));
      vi.advanceTimersByTime(29 * day);
      cancel();
      vi.advanceTimersByTime(11 * day - 1);
      expect(ran).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(ran).toEqual(['40 days']);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('createSystemRandom', () => {
  test('gives as many bytes as asked for, not the same ones again', () => {
    const random = createSystemRandom();
    expect(random.bytes(0)).toHaveLength(0);
    const long = random.bytes(200_000);
    expect(long).toHaveLength(200_000);
    expect(long.subarray(-32)).not.toEqual(new Uint8Array(32));
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
  });

  test('gives every integer below the bound', () => {
    const random = createSystemRandom();
    const seen = new Set(Array.from({ length: 1000 }, () => random.integer(3)));
    expect([...seen].sort()).toEqual([0, 1, 2]);
    expect(random.integer(2 ** 32)).toBeLessThan(2 ** 32);
    expect(() => random.integer(0)).toThrow(RangeError);
  });
});
