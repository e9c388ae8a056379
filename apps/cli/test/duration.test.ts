import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../src/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['90s', 90_000],
    ['30min', 1_800_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['365d', 31_536_000_000],
  ])('reads %s', (text, spanMs) => {
    expect(parseDuration(text)).toBe(spanMs);
  });

  it.each(['', '7', 'd', '7 d', '-1d', '1.5h', '7m', '366d', '53w', '9999999999s', '1h30min', '٣d'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'bad_duration' }));
    },
  );

  it('answers a time that a clock can count, or refuses', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(Number.isSafeInteger(parseDuration(text))).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_duration' });
        }
      }),
    );
  });
});
