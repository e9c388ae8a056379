/**
 * What a tracker reports, as lines of a log: which level each has, and which fields.
 */
import type { LogEntry } from '@minitorrent/rpc-core';
import type { TrackerLogEntry } from '@minitorrent/tracker';
import type { LogLevel } from './levels.ts';
import type { LogRecord } from './log.ts';
import { logFields } from './log-fields.ts';

/** All that a tracker and its connections report. */
export type TrackerReport = TrackerLogEntry | LogEntry;

/** `error`: somebody has to act; `warn`: worth a look where there are many. What is not here is `info`: everyday. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  login_failed: 'warn',
  connection_refused: 'warn',
  role_changed: 'warn',
  fault: 'error',
  background_failed: 'error',
  handler_failed: 'error',
  stopped_writing: 'error',
};

export function trackerRecord(report: TrackerReport): LogRecord {
  const { kind, ...values } = report;
  return { level: LEVELS[kind] ?? 'info', event: kind, fields: logFields(values) };
}
