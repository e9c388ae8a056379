/**
 * Writes what a command reports into a log, too: its events, and the failure that ends it.
 */
import type { CliEvent, Failure, FailureOrigin } from '../output/event-reports.ts';
import type { Reporter } from '../output/reports.ts';
import type { LogLevel } from './levels.ts';
import type { Log, LogRecord } from './log.ts';
import { logFields } from './log-fields.ts';

/** What is not here is `info`. */
const LEVELS: { readonly [Event in CliEvent['event']]?: LogLevel } = {
  'tracker-lost': 'warn',
  'login-needed': 'warn',
  offline: 'warn',
  'device-waiting': 'warn',
  'wrong-group-key': 'error',
  'peer-banned': 'warn',
};

/** Where failures go: people read a sentence, machines a line of their log or output. */
export interface FailuresTo {
  readonly log: boolean;
  readonly reporter: boolean;
}

/** A reporter that logs the events that it is told of, too. */
export function logReports(reporter: Reporter, log: Log, failuresTo: FailuresTo): Reporter {
  return {
    ...reporter,
    event(event) {
      if (!LOGGED_ALREADY.has(event.event)) log(eventRecord(event));
      reporter.event(event);
    },
    failure(failure, origin) {
      if (failuresTo.log) log(failureRecord(failure, origin));
      if (failuresTo.reporter) reporter.failure(failure, origin);
    },
  };
}

/** A tracker logs these itself. */
const LOGGED_ALREADY: ReadonlySet<CliEvent['event']> = new Set(['role-changed', 'fault']);

function eventRecord(report: CliEvent): LogRecord {
  const event = report.event.replaceAll('-', '_');
  if (report.event === 'download-failed') {
    const { groupId, name, failure } = report;
    return { level: 'error', event, fields: { groupId, name, ...failureFields(failure) } };
  }
  const { event: _, ...values } = report;
  const isUnserved = report.event === 'share-changed' && report.state !== 'serving';
  return { level: isUnserved ? 'warn' : (LEVELS[report.event] ?? 'info'), event, fields: logFields(values) };
}

function failureRecord(failure: Failure, { command, line }: FailureOrigin): LogRecord {
  const fields = { command, ...(line === null ? {} : { line }), ...failureFields(failure) };
  return { level: 'error', event: 'command_failed', fields };
}

function failureFields({ code, message, advice }: Failure): LogRecord['fields'] {
  return { code, message, advice };
}
