/** A reporter that remembers. */
import type { JsonLine, ProgressSample, Reporter } from '../../src/output/reports.ts';

export interface FakeReporter extends Reporter {
  /** Everything but progress, as `--json` would write it. */
  readonly reports: JsonLine[];
  readonly shown: (readonly ProgressSample[])[];
}

export function createFakeReporter(): FakeReporter {
  const reports: JsonLine[] = [];
  const shown: (readonly ProgressSample[])[] = [];
  return {
    reports,
    shown,
    progressIntervalMs: 100,
    result: (result) => reports.push({ type: 'result', ...result }),
    event: (event) => reports.push({ type: 'event', ...event }),
    failure: (failure, origin) => reports.push({ type: 'error', ...origin, ...failure }),
    progress: (samples) => shown.push(samples),
  };
}
