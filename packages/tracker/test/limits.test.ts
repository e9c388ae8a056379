import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits } from '../src/limits.ts';

describe('resolveLimits', () => {
  it('takes the defaults for what is not given', () => {
    expect(resolveLimits()).toEqual(DEFAULT_LIMITS);
    expect(resolveLimits({ joinAnswerMs: 5 })).toEqual({ ...DEFAULT_LIMITS, joinAnswerMs: 5 });
  });

  it('refuses what makes no sense, and what no message could carry', () => {
    expect(() => resolveLimits({ devices: -1 })).toThrow('limits.devices');
    expect(() => resolveLimits({ devices: Number.NaN })).toThrow(RangeError);
    expect(() => resolveLimits({ groupsPerUser: 501 })).toThrow('expected at most 500');
    expect(() => resolveLimits({ devicesPerUser: 65 })).toThrow('devicesPerUser to 65: expected at most 64');
  });
});
