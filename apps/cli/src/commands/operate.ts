/** What the commands have in common by which somebody looks after trackers: they do one thing and end. */
import { describeFailure, EXIT, type ExitCode, exitCodeOf } from '../failure.ts';
import type { Reporter } from '../output/reports.ts';
import type { World } from '../world.ts';
import { createReporterFor } from './output-for.ts';

/** Runs `command`; answers the exit code, which `run` may choose. What goes wrong is reported. */
export async function operate(
  command: string,
  options: { readonly json?: boolean },
  world: World,
  run: (reporter: Reporter) => Promise<ExitCode | undefined>,
): Promise<ExitCode> {
  const reporter = await createReporterFor({ ...world, json: options.json === true });
  try {
    return (await run(reporter)) ?? EXIT.ok;
  } catch (error) {
    const failure = describeFailure(error, command);
    reporter.failure(failure, { command, line: null });
    return exitCodeOf(failure);
  }
}
