import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countOf,
  formatBytes,
  formatDuration,
  formatRate,
  formatTime,
  wholePercent,
} from '../src/output/quantities.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [16_384, '16.4 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [104_857_600, '105 MB'],
    [5 * 2 ** 30, '5.4 GB'],
    [Number.MAX_SAFE_INTEGER, '9.0 PB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('stays within seven characters', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(formatBytes(bytes).length).toBeLessThanOrEqual(7);
      }),
    );
  });

  it('makes a rate of it', () => {
    expect(formatRate(12_345_678)).toBe('12.3 MB/s');
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0.0 s'],
    [0.44, '0.4 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [3600, '1 h 00 min'],
    [7800, '2 h 10 min'],
    [273_600, '3 d 4 h'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('wholePercent', () => {
  it('is 100 only for all of it', () => {
    expect(wholePercent(999, 1000)).toBe(99);
    expect(wholePercent(1000, 1000)).toBe(100);
    expect(wholePercent(0, 0)).toBe(100);
  });
});

describe('countOf', () => {
  it('has one thing and more things', () => {
    expect([countOf(0, 'peer'), countOf(1, 'peer'), countOf(2, 'peer')]).toEqual([
      '0 peers',
      '1 peer',
      '2 peers',
    ]);
  });
});

describe('formatTime', () => {
  it('is the same everywhere, and survives a number that is no time', () => {
    expect(formatTime(Date.UTC(2026, 10, 22, 7, 45))).toBe('2026-11-22 07:45');
    expect(formatTime(Number.MAX_SAFE_INTEGER)).toBe('unknown');
  });
});
