import { expect, test } from 'vitest';
import { drawChart } from '../harness/chart.ts';
import { figureResult, measured, runResult, voided } from './samples.ts';

const compared = figureResult({
  title: 'Speed <over> TLS & more',
  contenders: [
    measured('ours', { mbPerSecond: 400 }),
    measured('theirs', { mbPerSecond: 100 }),
    voided('x', 'y'),
  ],
});

test('drawChart draws bars in proportion, and none for what is void', () => {
  const widths = [...drawChart(runResult(compared)).matchAll(/<rect class="(\w+)".* width="([\d.]+)"/g)];
  expect(widths.map(([, style]) => style)).toEqual(['ours', 'theirs', 'theirs']);
  const [ours, theirs, broken] = widths.map(([, , width]) => Number(width));
  expect(ours).toBeCloseTo(Number(theirs) * 4, 0);
  expect(broken).toBe(0);
  expect(drawChart(runResult(compared))).toContain('>void<');
});

test('drawChart leaves out figures in which ours is alone', () => {
  const alone = figureResult({ title: 'Alone', contenders: [measured('ours', { mbPerSecond: 1 })] });
  const chart = drawChart(runResult(alone, compared));
  expect(chart).not.toContain('Alone');
  expect(chart).toContain('Speed');
});

test('drawChart leaves room for the longest name', () => {
  const long = figureResult({
    contenders: [measured('n'.repeat(40), { mbPerSecond: 1 }), measured('short', { mbPerSecond: 2 })],
  });
  const [, x] = /<text x="([\d.]+)"[^>]*text-anchor="end">n{40}</.exec(drawChart(runResult(long))) ?? [];
  // The widest letters of this size are no wider than 7 pixels, but for some capitals.
  expect(Number(x)).toBeGreaterThanOrEqual(40 * 7);
});

test('drawChart can be read by an XML parser and in dark mode', () => {
  const chart = drawChart(runResult(compared));
  expect(chart).toContain('Speed &lt;over&gt; TLS &amp; more');
  expect(chart).toContain('A&amp;B');
  expect(chart).toContain('prefers-color-scheme: dark');
  const opened = [...chart.matchAll(/<(\w+)(?:\s[^>]*[^/])?>/g)].map(([, name]) => name).sort();
  const closed = [...chart.matchAll(/<\/(\w+)>/g)].map(([, name]) => name).sort();
  expect(opened).toEqual(closed);
});
