import { expect, test } from 'vitest';
import { formatFigure, formatNumber, formatRun } from '../harness/table.ts';
import { figureResult, measured, runResult, voided } from './samples.ts';

test('formatFigure shows medians, spread, ratios, void contenders, missing peers and targets', () => {
  const text = formatFigure(
    figureResult({
      contenders: [
        measured('ours', { mbPerSecond: 400, ms: 5 }, { mbPerSecond: 500, ms: 5 }),
        measured('theirs', { mbPerSecond: 100 }, { mbPerSecond: 100 }),
        voided('broken', 'Wrong bytes'),
      ],
      missing: ['aria2 (apt-get install aria2)'],
      leftOut: ['WebTorrent (takes part in the long form)'],
      targets: [
        { text: '>= 1.5x theirs', unit: 'mbPerSecond', ratio: 4.5, met: true },
        { text: '<= 1 ms', unit: 'ms', ratio: 5, met: false },
        { text: '>= 2x broken', unit: 'mbPerSecond' },
      ],
    }),
  );
  expect(text).toBe(
    [
      'speed: How fast',
      '              mbPerSecond  ours/it    ms',
      '  ours 1    450 (400-500)           5.00',
      '  theirs 1            100    4.50x     -',
      '  broken 1              -              -',
      '  broken is void: Wrong bytes',
      '  not on this machine: aria2 (apt-get install aria2)',
      '  left out: WebTorrent (takes part in the long form)',
      '  met: >= 1.5x theirs (it is 4.50x)',
      '  MISSED: <= 1 ms (it is 5.00x)',
      '  not judged: >= 2x broken',
    ].join('\n'),
  );
});

test('formatFigure tells what failed from what this machine cannot measure', () => {
  expect(formatFigure(figureResult({ problem: 'No space left' }))).toBe(
    'speed: How fast\n  FAILED: No space left',
  );
  expect(formatFigure(figureResult({ notMeasurable: 'No namespaces' }))).toBe(
    'speed: How fast\n  cannot be measured on this machine: No namespaces',
  );
});

test('formatRun begins with the machine', () => {
  expect(formatRun(runResult())).toBe('A&B, 2 cores, 8 GiB, Linux 6, Node.js v26, commit abc');
});

test.each([
  [0, '0.00'],
  [0.0123, '0.0123'],
  [0.5, '0.50'],
  [45.67, '45.7'],
  [1234.5, '1,235'],
])('formatNumber writes %d as %s', (value, text) => expect(formatNumber(value)).toBe(text));
