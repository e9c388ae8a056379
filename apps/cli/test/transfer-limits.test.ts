import { describe, expect, it } from 'vitest';
import { readByteRange, readTransferPlan } from '../src/transfer-limits.ts';

describe('readTransferPlan', () => {
  it('reads rates, and a schedule of them in local time', () => {
    expect(readTransferPlan({ limitUp: '500K', limitDown: 'none' })).toEqual({
      upBytesPerSecond: 512_000,
      downBytesPerSecond: undefined,
      schedule: undefined,
    });
    const { schedule } = readTransferPlan({ schedule: '08:00-18:30=100000/2M, 22:00-24:00=none/none' });
    expect(schedule).toEqual([
      { fromMinute: 480, toMinute: 1_110, upBytesPerSecond: 100_000, downBytesPerSecond: 2_097_152 },
      { fromMinute: 1_320, toMinute: 0, upBytesPerSecond: undefined, downBytesPerSecond: undefined },
    ]);
  });

  it.each(['', '0', '15K', '-1', '1.5M', '5T', '5 M', '500k', 'NaN'])('refuses the rate %j', (limitUp) => {
    expect(() => readTransferPlan({ limitUp })).toThrow(/Cannot read the rate/);
  });

  it.each(['', '8-18=1M/1M', '08:00-18:00', '08:00-18:00=1M', '08:60-09:00=1M/1M', '24:30-08:00=1M/1M'])(
    'refuses the schedule %j',
    (schedule) => expect(() => readTransferPlan({ schedule })).toThrow(/Cannot read the schedule/),
  );
});

describe('readByteRange', () => {
  it('reads places in a file', () => {
    expect(readByteRange('0-10M')).toEqual({ first: 0, last: 10_485_760 });
    expect(readByteRange('1000-1000')).toEqual({ first: 1_000, last: 1_000 });
  });

  it.each(['', '-', '5', '10-5', '-5', '1-', 'a-b', '999999999999999G-999999999999999G'])(
    'refuses %j',
    (text) => expect(() => readByteRange(text)).toThrow(/Cannot read the range/),
  );
});
