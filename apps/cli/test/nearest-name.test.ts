import { describe, expect, it } from 'vitest';
import { nearestName } from '../src/nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['stauts', 'status'],
    ['STATUS', 'status'],
    ['stat', 'status'],
    ['device', 'device list'],
    ['devicelist', 'device list'],
    ['foo', undefined],
    ['st', undefined],
  ])('takes %s for %s', (typed, meant) => {
    expect(nearestName(typed, ['identity', 'status', 'device list'])).toBe(meant);
  });
});
