import { describe, expect, test } from 'vitest';
import { readSettings } from './support/assert-property.ts';

describe('readSettings', () => {
  test('takes seed and number of runs from the environment', () => {
    expect(readSettings({ PROPERTY_SEED: '-17', PROPERTY_RUNS: '5' })).toStrictEqual({
      seed: -17,
      numRuns: 5,
    });
    expect(readSettings({ PROPERTY_SEED: '', PROPERTY_RUNS: '' })).toStrictEqual({ numRuns: 200 });
    expect(readSettings({})).toStrictEqual({ numRuns: 200 });
  });

  test('refuses what is no whole number', () => {
    expect(() => readSettings({ PROPERTY_RUNS: 'many' })).toThrow('Cannot use PROPERTY_RUNS=many');
  });
});
