/** Results and figures for the tests of the harness. */
import type { Contender, Figure, Sample } from '../harness/figure.ts';
import type { ContenderResult, FigureResult, RunResult } from '../harness/result.ts';
import { summarizeUnits } from '../harness/statistics.ts';

export function measured(name: string, ...samples: Sample[]): ContenderResult {
  return { name, version: '1', samples, units: summarizeUnits(samples) };
}

export function voided(name: string, why: string): ContenderResult {
  return { name, version: '1', samples: [], units: {}, void: why };
}

export function figureResult(parts: Partial<FigureResult> = {}): FigureResult {
  return {
    id: 'speed',
    title: 'How fast',
    unit: 'mbPerSecond',
    better: 'more',
    contenders: [],
    targets: [],
    missing: [],
    ...parts,
  };
}

export function runResult(...figures: FigureResult[]): RunResult {
  const machine = { cpu: 'A&B', cores: 2, memoryGib: 8, system: 'Linux 6', node: 'v26', commit: 'abc' };
  return { form: 'short', startedAt: '2026-01-01T00:00:00.000Z', machine, figures };
}

/** A figure whose contenders do as the functions say. */
export function figureOf(
  runs: Readonly<Record<string, () => Promise<Sample>>>,
  parts: Partial<Figure> = {},
): Figure {
  const contenders: Contender[] = Object.entries(runs).map(([name, run]) => ({ name, version: '1', run }));
  return {
    id: 'speed',
    title: 'How fast',
    unit: 'mbPerSecond',
    better: 'more',
    targets: [],
    prepare: async () => ({ contenders, missing: [], close: async () => undefined }),
    ...parts,
  };
}
