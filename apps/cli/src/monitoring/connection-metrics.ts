/** What becomes of the connections of a service, counted. */
import type { LogEntry } from '@minitorrent/rpc-core';
import { Counter, type Registry } from '@prometheus-io/client';

/** Adds the counters, whose names begin with `prefix`; the answer counts what it is told of connections. */
export function createConnectionCounter(
  registers: Registry[],
  prefix: string,
): (report: Exclude<LogEntry, { kind: 'handler_failed' }>) => void {
  const refused = new Counter({
    name: `${prefix}_connections_refused_total`,
    help: 'Connections that were not accepted.',
    labelNames: ['reason'],
    registers,
  });
  const failed = new Counter({
    name: `${prefix}_connections_failed_total`,
    help: 'Connections that ended in other than good order.',
    labelNames: ['code'],
    registers,
  });
  for (const reason of ['too_many_connections', 'too_many_unauthenticated', 'not_admitted'])
    refused.inc({ reason }, 0);
  return (report) => {
    if (report.kind === 'connection_refused') refused.inc({ reason: report.reason });
    else failed.inc({ code: report.error.code });
  };
}
