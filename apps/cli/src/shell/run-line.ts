/**
 * Runs one typed line: finds the command, reads its arguments, runs it, reports the result or the failure.
 *
 * Never throws for anything that a user, a tracker or a peer can cause.
 */
import debug from 'debug';
import { describeDefect, describeFailure, EXIT, type ExitCode, exitCodeOf } from '../failure.ts';
import type { Failure } from '../output/event-reports.ts';
import type { Reporter } from '../output/reports.ts';
import { type CommandContext, type ShellCommand, usageOf } from './command.ts';
import { findCommandOf, unknownCommand } from './command-table.ts';
import { readArguments } from './read-arguments.ts';
import { tokenize, type Word } from './tokenize.ts';

const log = debug('minitorrent:cli:shell');

/** What became of a line. `empty`: there was nothing in it to run. */
export type LineOutcome =
  | { readonly kind: 'empty' }
  | { readonly kind: 'done' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'failed'; readonly exitCode: ExitCode };

export interface RunLineOptions {
  readonly context: CommandContext;
  readonly reporter: Reporter;
  /** Line of the script, from 1; null at a prompt. */
  readonly lineNumber: number | null;
}

export async function runLine(line: string, options: RunLineOptions): Promise<LineOutcome> {
  const { context, reporter, lineNumber } = options;
  let command: ShellCommand | undefined;
  try {
    const words = tokenize(line);
    const [first, ...others] = words;
    if (first === undefined || isNothingToRun(first, others)) return { kind: 'empty' };
    const found = findCommandOf(words);
    if (found === undefined) throw unknownCommand(words);
    command = found.command;
    const { args, options } = readArguments(command, found.args);
    const result = await command.run(context, args, options);
    reporter.result(result);
    return { kind: result.command === 'quit' ? 'quit' : 'done' };
  } catch (error) {
    log('%s failed: %s', command?.name ?? 'a line', describeDefect(error));
    const failure = withUsage(describeFailure(error, command?.name), command);
    reporter.failure(failure, { command: command?.name ?? null, line: lineNumber });
    return { kind: 'failed', exitCode: exitCodeOf(failure) };
  }
}

/** A comment of a script, or the word that closes a command of the seed, left alone on its line. */
function isNothingToRun(name: Word, words: readonly Word[]): boolean {
  if (name.isQuoted) return false;
  return name.text.startsWith('#') || (name.text === 'q' && words.length === 0);
}

function withUsage(failure: Failure, command: ShellCommand | undefined): Failure {
  if (command === undefined || failure.usage !== null || exitCodeOf(failure) !== EXIT.usage) return failure;
  return { ...failure, usage: usageOf(command) };
}
