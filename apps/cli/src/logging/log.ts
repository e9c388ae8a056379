/**
 * A log for machines and for whoever searches it: one line an event, with time, level, the event's name and its fields.
 *
 * It never holds a password or a hash, because no report of the packages below does. Everything in it is escaped, since
 * names come from other people, and a flood of one event is cut short, or strangers could fill the disk.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { type OutputStream, writeLines } from '../output/screen.ts';
import { terminalJson, terminalText } from '../output/terminal-text.ts';
import { createFloodGuard } from './flood-guard.ts';
import { LOG_LEVELS, type LogFormat, type LogLevel } from './levels.ts';

/** Units are part of a name, as in `durationMs`. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface LogRecord {
  readonly level: LogLevel;
  /** Lower case with underscores; never renamed. */
  readonly event: string;
  readonly fields: LogFields;
}

/** Receives records; never throws. */
export type Log = (record: LogRecord) => void;

export interface LogOptions {
  readonly format: LogFormat;
  /** What is below it is left out. */
  readonly level: LogLevel;
  readonly output: OutputStream;
  readonly clock: Pick<Clock, 'now' | 'wallNow'>;
}

/** Writes nothing. */
export const noLog: Log = () => undefined;

/** Writes to `output`; what cannot be written there is lost. */
export function createLog({ format, level, output, clock }: LogOptions): Log {
  const lowest = LOG_LEVELS.indexOf(level);
  const guard = createFloodGuard();
  const formatLine = format === 'json' ? jsonLine : textLine;
  // Whoever read the log is gone; the service goes on.
  output.on('error', () => undefined);
  const write: Log = (record) =>
    writeLines(output, [formatLine(new Date(clock.wallNow()).toISOString(), record)]);

  return (record) => {
    if (LOG_LEVELS.indexOf(record.level) < lowest) return;
    const verdict = guard.judge(record.event, clock.now());
    if (verdict.kind === 'announce') write(flooded(record, verdict.forMs));
    if (verdict.kind !== 'write') return;
    const { leftOut } = verdict;
    write(leftOut === 0 ? record : { ...record, fields: { ...record.fields, leftOutBefore: leftOut } });
  };
}

function flooded({ event, level }: LogRecord, forMs: number): LogRecord {
  return { level, event: 'log_flooded', fields: { of: event, leftOutForMs: Math.ceil(forMs) } };
}

function jsonLine(time: string, { level, event, fields }: LogRecord): string {
  return terminalJson(JSON.stringify({ time, level, event, ...fields }));
}

/** `2026-11-22T10:40:01.123Z warn  login_failed userId=alice host=10.0.0.1`, without what there is not. */
function textLine(time: string, { level, event, fields }: LogRecord): string {
  const told = Object.entries(fields).filter(([, value]) => value !== null);
  const words = told.map(([name, value]) => `${name}=${textValue(value)}`);
  return [time, level.padEnd(5), event, ...words].join(' ');
}

/** As it is where that is one word, else in quotes. */
function textValue(value: LogFields[string]): string {
  const text = String(value);
  return /^[^\s"=\\]+$/.test(text) ? terminalText(text) : terminalText(JSON.stringify(text));
}
