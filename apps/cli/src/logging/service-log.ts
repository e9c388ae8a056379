/**
 * The log of a command that runs as a service, as `--log` and `--log-level` ask for it: on standard error.
 */
import type { Reporter } from '../output/reports.ts';
import type { World } from '../world.ts';
import type { LogFormat, LogLevel } from './levels.ts';
import { createLog, type Log, noLog } from './log.ts';
import { logReports } from './report-log.ts';

/** The options as the user wrote them. */
export interface LogOptions {
  /** Text unless told; nothing beside `--json`, whose reader has asked for no second stream. */
  readonly log?: LogFormat;
  readonly logLevel?: LogLevel;
  readonly json?: boolean;
}

/**
 * The log, and `reporter` as it is to be used from now on. In a log of text people find the sentences of the reporter;
 * one of JSON has everything itself.
 */
export function openServiceLog(
  { log: asked, logLevel: level = 'info', json = false }: LogOptions,
  world: Pick<World, 'stderr' | 'clock'>,
  reporter: Reporter,
): { readonly log: Log; readonly reporter: Reporter } {
  const format = asked ?? (json ? undefined : 'text');
  if (format === undefined) return { log: noLog, reporter };
  const log = createLog({ format, level, output: world.stderr, clock: world.clock });
  if (format === 'text') return { log, reporter };
  return { log, reporter: logReports(reporter, log, { log: true, reporter: json }) };
}

/**
 * The reporter of a peer with a script: it logs where `--log` asks for it, because nothing else tells what a peer that
 * stays does.
 */
export function openScriptLog(
  { log: format, logLevel: level = 'info', json = false }: LogOptions,
  world: Pick<World, 'stderr' | 'clock'>,
  reporter: Reporter,
): Reporter {
  if (format === undefined) return reporter;
  const log = createLog({ format, level, output: world.stderr, clock: world.clock });
  return logReports(reporter, log, { log: format === 'json', reporter: format === 'text' || json });
}
