import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_REDIAL_LIMITS, RedialDelay } from '../src/redial-delay.ts';

const { firstMs, longestMs, strangerMs } = DEFAULT_REDIAL_LIMITS;
const lowest = { integer: () => 0 };
const highest = { integer: (max: number) => max - 1 };

describe('RedialDelay', () => {
  it('lets try at once what has not failed', () => {
    expect(new RedialDelay(highest).delayMs(0)).toBe(0);
  });

  it('waits after a failure, longer after each further one, and no longer when that time is over', () => {
    const delay = new RedialDelay(highest);
    delay.failed(1_000);
    expect(delay.delayMs(1_000)).toBe(firstMs);
    delay.failed(2_000);
    expect(delay.delayMs(2_000)).toBe(2 * firstMs);
    expect(delay.delayMs(2_000 + firstMs)).toBe(firstMs);
    expect(delay.delayMs(9_000)).toBe(0);
  });

  it('waits between half and the whole, by lot', () => {
    const [shortest, longest] = [new RedialDelay(lowest), new RedialDelay(highest)];
    for (const delay of [shortest, longest]) delay.failed(0);
    expect([shortest.delayMs(0), longest.delayMs(0)]).toEqual([firstMs / 2, firstMs]);
  });

  it('waits a minute and by lot a quarter more where another device answers, however often', () => {
    const [shortest, longest] = [new RedialDelay(lowest), new RedialDelay(highest)];
    for (const delay of [shortest, longest, shortest, longest]) delay.metStranger(0);
    expect([shortest.delayMs(0), longest.delayMs(0)]).toEqual([strangerMs, 1.25 * strangerMs]);
  });

  it('forgets failures on success', () => {
    const delay = new RedialDelay(highest);
    for (let failure = 0; failure < 5; failure++) delay.failed(0);
    delay.succeeded();
    expect(delay.delayMs(0)).toBe(0);
    delay.failed(0);
    expect(delay.delayMs(0)).toBe(firstMs);
  });

  it('never waits longer than the longest time, nor less than half of the first', () => {
    const random = fc.nat().map((seed) => ({ integer: (max: number) => seed % max }));
    fc.assert(
      fc.property(random, fc.integer({ min: 1, max: 200 }), (source, failures) => {
        const delay = new RedialDelay(source);
        for (let failure = 0; failure < failures; failure++) delay.failed(0);
        expect(delay.delayMs(0)).toBeLessThanOrEqual(longestMs);
        expect(delay.delayMs(0)).toBeGreaterThanOrEqual(firstMs / 2);
      }),
    );
  });
});
