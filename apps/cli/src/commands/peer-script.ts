/**
 * The shell without a terminal: commands come from standard input, and the exit code tells how they went.
 */
import { once } from 'node:events';
import { EXIT, type ExitCode } from '../failure.ts';
import type { Reporter } from '../output/reports.ts';
import { createLineSource } from '../shell/line-source.ts';
import { runScript } from '../shell/script.ts';
import { type FrontOptions, openSession } from './peer-session.ts';

export interface ScriptFrontOptions extends FrontOptions {
  readonly reporter: Reporter;
  /** Goes on after a command that failed. */
  readonly keepGoing: boolean;
  /** Goes on serving after the last command, until a signal comes. */
  readonly stay: boolean;
}

export async function runFromInput(options: ScriptFrontOptions): Promise<ExitCode> {
  const { world, ending, reporter, keepGoing, stay } = options;
  using session = openSession(options);
  const { signal } = ending;
  const source = createLineSource(world.stdin, { signal });
  const outcome = await runScript({ source, reporter, keepGoing, context: { ...session.context, signal } });
  source.close();
  if (ending.exitCode !== undefined) return ending.exitCode;
  if (!stay || outcome.ending !== 'end') return outcome.exitCode;

  if (!signal.aborted) await once(signal, 'abort');
  // A service that is told to end and does so has done well.
  return ending.exitCode === EXIT.terminated ? outcome.exitCode : (ending.exitCode ?? outcome.exitCode);
}
