/**
 * Shows reports to machines: one JSON object a line on standard output, failures included, in the order in which they
 * happened. JSON.md describes the fields; none is ever left out (`null` stands for nothing) or renamed.
 */
import type { JsonLine, Reporter } from './reports.ts';
import { type OutputStream, writeLines } from './screen.ts';
import { terminalJson } from './terminal-text.ts';

/** Twice a second is enough for a program that draws, and little for one that logs. */
const PROGRESS_INTERVAL_MS = 500;

export function createJsonReporter(stdout: OutputStream): Reporter {
  const write = (line: JsonLine) => writeLines(stdout, [terminalJson(JSON.stringify(line))]);
  return {
    progressIntervalMs: PROGRESS_INTERVAL_MS,
    result: (result) => write({ type: 'result', ...result }),
    event: (event) => write({ type: 'event', ...event }),
    failure: (failure, origin) => write({ type: 'error', ...origin, ...failure }),
    progress(samples) {
      for (const sample of samples) write({ type: 'progress', ...sample });
    },
  };
}
