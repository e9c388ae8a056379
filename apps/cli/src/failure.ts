/**
 * The one shape in which a failure of any package is put before the user, and the exit codes that tell a caller.
 */
import { getSystemErrorMessage, inspect } from 'node:util';
import type { RpcErrorCode } from '@minitorrent/rpc-core';
import { CliError, type CliErrorCode } from './cli-error.ts';
import { adviceFor } from './error-advice.ts';
import type { Failure } from './output/event-reports.ts';
import { terminalLines } from './output/terminal-text.ts';

/** What a process tells its caller. README.md lists them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** 128 + the signal's number, as shells do. */
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const USAGE_CODES: ReadonlySet<string> = new Set<CliErrorCode | RpcErrorCode>([
  'bad_arguments',
  'unknown_command',
  'unclosed_quote',
  'bad_address',
  'bad_link',
  'bad_device_id',
  'no_pin',
  'bad_cluster_id',
  'bad_postgres_url',
  'bad_size',
  'bad_duration',
  'bad_count',
]);

/** Any thrown value as code, message and next step; `command` is the shell's command that failed, if any did. */
export function describeFailure(thrown: unknown, command?: string): Failure {
  const error = worseCause(thrown);
  const code = codeOf(error);
  if (code === null) return { code, message: messageOf(error), advice: null, usage: null };
  const known = adviceFor(code, command);
  if (error instanceof CliError) {
    return { code, message: error.message, advice: known, usage: error.usage ?? null };
  }
  const { message, advice } = splitAdvice(messageOf(error));
  return { code, message, advice: known ?? advice, usage: null };
}

/** The exit code that a failure leads to. */
export function exitCodeOf(failure: Failure): ExitCode {
  if (failure.code === 'cancelled') return EXIT.interrupted;
  return failure.code !== null && USAGE_CODES.has(failure.code) ? EXIT.usage : EXIT.failure;
}

/** The whole message of any thrown value, its own advice included. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return 'Cancelled';
  // A connection that was tried on several addresses fails with an empty message and the reasons inside.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  return error.message;
}

/** Why the operating system refused, in its own words: without the address, which the sentence around it names. */
export function systemReason(error: unknown): string {
  const isSystemError = error instanceof Error && 'errno' in error && typeof error.errno === 'number';
  return isSystemError ? getSystemErrorMessage(Number(error.errno)) : messageOf(error);
}

/** Everything that is known of a failure, for logs: its stack and causes, harmless on a terminal. */
export function describeDefect(error: unknown): string {
  return terminalLines(inspect(error));
}

/** A tracker that became another device counts as one that cannot be reached, and people have to know the difference. */
function worseCause(error: unknown): unknown {
  const isUnreachable = error instanceof Error && codeOf(error) === 'tracker_unreachable';
  return isUnreachable && codeOf(error.cause) === 'wrong_identity' ? error.cause : error;
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'AbortError') return 'cancelled';
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Messages of the packages end with what to do, behind a semicolon. People are told that once, in a line of its own. */
function splitAdvice(text: string): { readonly message: string; readonly advice: string | null } {
  const end = text.lastIndexOf('; ');
  if (end === -1) return { message: text, advice: null };
  return { message: text.slice(0, end), advice: text.slice(end + 2) };
}
