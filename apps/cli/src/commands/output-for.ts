/**
 * Chooses how a command talks: JSON lines, lines with live bars on a terminal, or plain lines.
 */
import { createHumanReporter } from '../output/human-reporter.ts';
import { createJsonReporter } from '../output/json-reporter.ts';
import type { Reporter } from '../output/reports.ts';
import { createLiveScreen, createPlainScreen, type OutputStream, type Screen } from '../output/screen.ts';

export interface OutputOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly json: boolean;
}

export async function createReporterFor(options: OutputOptions): Promise<Reporter> {
  if (options.json) return createJsonReporter(options.stdout);
  return createHumanReporter({ ...options, screen: await createScreenFor(options.stdout) });
}

export async function createScreenFor(stdout: OutputStream): Promise<Screen> {
  return stdout.isTTY === true ? await createLiveScreen(stdout) : createPlainScreen(stdout);
}
