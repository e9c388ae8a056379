/**
 * Failures of the command line: its own error class, the exit codes, and the one shape in which a failure of any
 * package is put before the user.
 */
import { adviceFor } from './error-advice.ts';
import type { Failure } from './output/reports.ts';

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

/** Why the command line itself refused. */
export type CliErrorCode =
  /** Too few, too many or unknown arguments. */
  | 'bad_arguments'
  | 'unknown_command'
  /** A quote or a backslash with nothing behind it. */
  | 'unclosed_quote'
  | 'bad_address'
  | 'bad_size'
  /** A password was needed and the input had ended. */
  | 'no_password'
  | 'passwords_differ'
  /** No such download on this peer. */
  | 'unknown_download'
  /** Ctrl-C, or the end of the program. */
  | 'cancelled'
  /** A folder or device where a file is needed. */
  | 'not_a_file'
  /** A process of the demonstration ended early, was silent too long, or delivered a wrong file. */
  | 'process_ended'
  | 'timed_out'
  | 'wrong_file';

const USAGE_CODES: ReadonlySet<string> = new Set<CliErrorCode>([
  'bad_arguments',
  'unknown_command',
  'unclosed_quote',
  'bad_address',
  'bad_size',
]);

/** A failure of the command line with a stable `code`. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly code: CliErrorCode;
  /** How the command is written, for mistakes in writing it. */
  readonly usage: string | undefined;

  constructor(
    code: CliErrorCode,
    message: string,
    context?: { readonly cause?: unknown; readonly usage?: string },
  ) {
    super(message, context !== undefined && 'cause' in context ? { cause: context.cause } : undefined);
    this.code = code;
    this.usage = context?.usage;
  }
}

/** Any thrown value as code, message and next step; `command` is the shell's command that failed, if any did. */
export function describeFailure(error: unknown, command?: string): Failure {
  const code = codeOf(error);
  return {
    code,
    message: messageOf(error),
    advice: code === null ? null : adviceFor(code, command),
    usage: error instanceof CliError ? (error.usage ?? null) : null,
  };
}

/** The exit code that a failure leads to. */
export function exitCodeOf(failure: Failure): ExitCode {
  if (failure.code === 'cancelled') return EXIT.interrupted;
  return failure.code !== null && USAGE_CODES.has(failure.code) ? EXIT.usage : EXIT.failure;
}

/** True for errors that only say that somebody aborted. */
export function isCancelled(error: unknown): boolean {
  return codeOf(error) === 'cancelled';
}

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error.name === 'AbortError') return 'cancelled';
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return 'Cancelled';
  // A connection that was tried on several addresses fails with an empty message and the reasons inside.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error.message;
}
