import { expect, test } from 'vitest';
import { parseProcessUsage } from '../harness/process-usage.ts';

const STATUS = 'Name:\tnode\nVmHWM:\t  204800 kB\nVmRSS:\t  102400 kB\n';

test('parseProcessUsage adds up times and reads memory, whatever the program is called', () => {
  const stat = `4242 (a) b (c) S ${'0 '.repeat(10)}150 50 10 5 20 0 11 0`;
  expect(parseProcessUsage(stat, STATUS)).toEqual({ cpuSeconds: 2.15, peakMib: 200, residentMib: 100 });
});

test('parseProcessUsage fails for a process that has ended, whose memory is gone', () => {
  expect(() => parseProcessUsage('4242 (a) Z 0', 'Name:\tnode\n')).toThrow('has ended');
});
