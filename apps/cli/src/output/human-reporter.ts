/**
 * Shows reports to people: results and events as lines, failures on standard error, progress as bars on a terminal and
 * as a line for every tenth elsewhere.
 */
import { styleText } from 'node:util';
import { eventLine, failureLines, resultLines } from './human-text.ts';
import { progressBarLine, progressKey, progressLogLine } from './progress-line.ts';
import { wholePercent } from './quantities.ts';
import type { ProgressSample, Reporter } from './reports.ts';
import { type OutputStream, type Screen, writeLines } from './screen.ts';
import { wrapLine, wrapSentence } from './wrap-text.ts';

/** Bars move smoothly and cost next to nothing at this rate. */
const LIVE_INTERVAL_MS = 200;
/** Fast enough not to miss a tenth of a download that matters. */
const LOG_INTERVAL_MS = 500;
/** Live lines leave the rest of the screen to the work. */
const LIVE_PART_OF_SCREEN = 0.5;

export interface HumanReporterOptions {
  readonly screen: Screen;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

export function createHumanReporter(options: HumanReporterOptions): Reporter {
  const { screen, stdout, stderr } = options;
  const tenths = new Map<string, string>();
  const fit = (line: string) => wrapSentence(line, screen.columns);
  const colour = (style: 'red' | 'cyan', text: string) =>
    stdout.isTTY === true ? styleText(style, text, { stream: stdout }) : text;
  // On one terminal everything goes through the screen, or the live lines would be torn.
  const printFailure = (lines: readonly string[]) =>
    stdout.isTTY === true && stderr.isTTY === true ? screen.print(lines) : writeLines(stderr, lines);

  return {
    progressIntervalMs: screen.isLive ? LIVE_INTERVAL_MS : LOG_INTERVAL_MS,
    result: (result) => screen.print(resultLines(result, screen.columns).flatMap(fit)),
    event: (event) => screen.print(fit(eventLine(event)).map((line) => colour('cyan', line))),
    failure(failure, origin) {
      const [first = '', ...others] = failureLines(failure, origin);
      printFailure([
        ...fit(first).map((line) => colour('red', line)),
        ...others.flatMap((line) => wrapLine(line, screen.columns)),
      ]);
    },
    progress(samples) {
      if (screen.isLive) screen.setLive(barsFor(samples, screen));
      else screen.print(newLogLines(samples, tenths));
    },
  };
}

function barsFor(samples: readonly ProgressSample[], screen: Screen): string[] {
  const room = Math.max(1, Math.floor(screen.rows * LIVE_PART_OF_SCREEN));
  // The last column stays free: some terminals wrap as soon as it is filled.
  const bars = samples.slice(0, room).map((sample) => progressBarLine(sample, screen.columns - 1));
  const hidden = samples.length - bars.length;
  return hidden > 0 ? [...bars, `and ${hidden} more`] : bars;
}

/** The samples that got a tenth further or began or ceased to wait since they were last told; `told` is kept up. */
function newLogLines(samples: readonly ProgressSample[], told: Map<string, string>): string[] {
  const lines: string[] = [];
  const current = new Set(samples.map(progressKey));
  for (const key of told.keys()) {
    if (!current.has(key)) told.delete(key);
  }
  for (const sample of samples) {
    const stage = stageOf(sample);
    if (told.get(progressKey(sample)) === stage) continue;
    told.set(progressKey(sample), stage);
    lines.push(progressLogLine(sample));
  }
  return lines;
}

function stageOf(sample: ProgressSample): string {
  if (sample.activity === 'hash') return tenth(sample.hashedBytes, sample.totalBytes);
  const { verifiedBytes, totalBytes, state, waitingFor } = sample.download;
  return `${tenth(verifiedBytes, totalBytes)} ${state} ${waitingFor ?? ''}`;
}

function tenth(done: number, total: number): string {
  return String(Math.floor(wholePercent(done, total) / 10));
}
