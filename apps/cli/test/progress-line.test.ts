import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DownloadRow } from '../src/output/file-reports.ts';
import { progressBarLine, progressKey, progressLogLine } from '../src/output/progress-line.ts';
import type { ProgressSample } from '../src/output/reports.ts';
import { textWidth } from '../src/output/text-width.ts';
import { downloadRow } from './support/reports.ts';

const sampleOf = (changes: Partial<DownloadRow>): ProgressSample => ({
  activity: 'download',
  download: { ...downloadRow, ...changes },
});

describe('progressBarLine', () => {
  it('shows name, bar, percent, amount, rate, time left and peers', () => {
    expect(progressBarLine(sampleOf({}), 200)).toBe(
      'holiday.mkv               ▕████████▍           ▏   42 %  42.0 MB of 100 MB  12.3 MB/s  4.7 s left  2 peers',
    );
  });

  it('drops on a narrow terminal what matters least', () => {
    expect(progressBarLine(sampleOf({}), 79)).toBe(
      'holiday.mkv         ▕████▏     ▏   42 %  12.3 MB/s  4.7 s left  2 peers',
    );
    expect(progressBarLine(sampleOf({ waitingFor: 'no_source_for_pieces' }), 79)).toBe(
      'holiday.mkv         ▕████▏     ▏   42 %  no peer online has the missing pieces',
    );
  });

  it.each([
    ['tracker', 'waiting for the tracker'],
    ['no_peers', 'no peer with this file is online'],
    ['connecting', 'connecting to peers'],
    ['no_source_for_pieces', 'no peer online has the missing pieces'],
    ['slow_peers', 'peers are slow'],
    ['disk_full', 'the disk is full'],
    ['paused', 'paused'],
    ['something\nnew', 'something\\nnew'],
  ])('says in words why it waits: %j', (waitingFor, words) => {
    const sample = sampleOf({ waitingFor, bytesPerSecond: 0, secondsLeft: null });
    expect(progressBarLine(sample, 200)).toMatch(new RegExp(` {2}${words.replaceAll('\\', '\\\\')}$`));
  });

  it('shows the state where nothing flows', () => {
    expect(progressBarLine(sampleOf({ state: 'completing' }), 200)).toMatch(
      /42\.0 MB of 100 MB {2}completing$/,
    );
  });

  it('shows a full bar for a complete and for an empty file', () => {
    const full = `▕${'█'.repeat(20)}▏  100 %`;
    expect(progressBarLine(sampleOf({ verifiedBytes: 100_000_000 }), 200)).toContain(full);
    expect(progressBarLine(sampleOf({ verifiedBytes: 0, totalBytes: 0 }), 200)).toContain(full);
  });

  it('shows hashing, and whose download it is in a demonstration', () => {
    const hash: ProgressSample = {
      activity: 'hash',
      groupId: 'films',
      path: '/a/b',
      hashedBytes: 5,
      totalBytes: 10,
    };
    expect(progressLogLine(hash)).toBe('b: 50 %, 5 B of 10 B, hashing');
    expect(progressBarLine({ activity: 'demo-download', userId: 'bob', download: downloadRow }, 200)).toMatch(
      /^bob /,
    );
  });

  it('fits into any width and stays one harmless line', () => {
    const change = fc.record({
      name: fc.string({ unit: 'binary' }),
      state: fc.oneof(fc.constant('downloading'), fc.string({ unit: 'binary' })),
      waitingFor: fc.option(fc.string({ unit: 'binary' })),
      verifiedBytes: fc.maxSafeNat(),
      totalBytes: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(change, fc.integer({ min: 1, max: 200 }), (changes, columns) => {
        const line = progressBarLine(sampleOf(changes), columns);
        expect(textWidth(line)).toBeLessThanOrEqual(columns);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(progressLogLine(sampleOf(changes))).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });
});

describe('progressLogLine', () => {
  it('says the same in words', () => {
    expect(progressLogLine(sampleOf({}))).toBe(
      'holiday.mkv: 42 %, 42.0 MB of 100 MB, 12.3 MB/s, 4.7 s left, 2 peers',
    );
  });
});

describe('progressKey', () => {
  it('tells downloads, hashing and demonstrations apart', () => {
    const keys = [
      sampleOf({}),
      sampleOf({ name: 'other' }),
      sampleOf({ groupId: 'other' }),
      { activity: 'hash', groupId: 'films', path: 'holiday.mkv', hashedBytes: 0, totalBytes: 1 } as const,
      { activity: 'demo-download', userId: 'bob', download: downloadRow } as const,
    ].map(progressKey);
    expect(new Set(keys).size).toBe(5);
    expect(progressKey(sampleOf({ verifiedBytes: 1 }))).toBe(keys[0]);
  });
});
