/**
 * What a witness reports, as lines of a log.
 */
import type { LogEntry } from '@minitorrent/rpc-core';
import type { WitnessLogEntry } from '@minitorrent/tracker/witness';
import type { LogLevel } from './levels.ts';
import type { LogRecord } from './log.ts';
import { logFields } from './log-fields.ts';

/** All that a witness and its connections report. */
export type WitnessReport = WitnessLogEntry | LogEntry;

const LEVELS: { readonly [Kind in WitnessReport['kind']]: LogLevel } = {
  swapped: 'warn',
  failed: 'error',
  connection_failed: 'info',
  connection_refused: 'warn',
  handler_failed: 'error',
};

export function witnessRecord(report: WitnessReport): LogRecord {
  const { kind, ...values } = report;
  const level = LEVELS[kind];
  if (report.kind !== 'swapped') return { level, event: kind, fields: logFields(values) };
  const { epoch, primary, inSync } = report.config;
  return { level, event: kind, fields: { epoch, primary, inSync: inSync.join(',') } };
}
