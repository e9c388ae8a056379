/**
 * Runs commands that come on standard input, in order. The first failure ends the script unless it is told to keep
 * going; the exit code is that of the first failure either way.
 *
 * Passwords are lines too: a command that needs one and does not carry it takes the line after it, as it is.
 */
import { CliError } from '../cli-error.ts';
import { EXIT, type ExitCode } from '../failure.ts';
import type { Reporter } from '../output/reports.ts';
import type { CommandContext } from './command.ts';
import type { LineSource } from './line-source.ts';
import { runLine } from './run-line.ts';

export interface ScriptOptions {
  readonly source: LineSource;
  readonly reporter: Reporter;
  readonly context: Omit<CommandContext, 'mode' | 'askPassword'>;
  readonly keepGoing: boolean;
}

/** How a script ended: `end` at the end of input, `quit` by that command, `failed` early. */
export interface ScriptOutcome {
  readonly ending: 'end' | 'quit' | 'failed';
  readonly exitCode: ExitCode;
}

export async function runScript(options: ScriptOptions): Promise<ScriptOutcome> {
  const { source, reporter, keepGoing } = options;
  let lineNumber = 0;
  const nextLine = async () => {
    const line = await source.next();
    if (line !== undefined) lineNumber += 1;
    return line;
  };
  const context: CommandContext = {
    ...options.context,
    mode: 'script',
    askPassword: async () => (await nextLine()) ?? failForPassword(),
  };
  let exitCode: ExitCode = EXIT.ok;
  for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
    const outcome = await runLine(line, { context, reporter, lineNumber });
    if (outcome.kind === 'quit') return { ending: 'quit', exitCode };
    if (outcome.kind !== 'failed') continue;
    if (exitCode === EXIT.ok) exitCode = outcome.exitCode;
    if (!keepGoing || context.signal.aborted) return { ending: 'failed', exitCode };
  }
  return { ending: 'end', exitCode };
}

function failForPassword(): never {
  throw new CliError('no_password', 'Cannot read a password: the input has ended');
}
