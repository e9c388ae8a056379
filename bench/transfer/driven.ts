/**
 * A program that takes part in a transfer: started somewhere, told what to do on its standard input, and heard on one of
 * its outputs, one JSON object a line. Anything else that it says is kept as its last words, and so are errors.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type ProcessUsage, readProcessUsage } from '../harness/process-usage.ts';
import type { Place } from './lab.ts';

/** Time for an orderly end before a process is killed. */
const GRACE_MS = 3_000;
const LAST_WORDS_CHARACTERS = 1_000;

/** A line of JSON. Which fields it has is for those to know who know the program. */
export type Report = Readonly<Record<string, unknown>>;

export interface DrivenOptions {
  readonly name: string;
  readonly place: Place;
  readonly command: string;
  readonly args: readonly string[];
  /** Where its reports are; standard output unless told otherwise. */
  readonly reportsOn?: 'stdout' | 'stderr';
  readonly cwd?: string;
}

export interface Driven extends AsyncDisposable {
  readonly name: string;
  send(line: string): void;
  /** Says that nothing more will be sent. */
  endInput(): void;
  /** The first report, among those that nobody has taken yet, that `matches`. Rejects when the program ends before. */
  take(matches: (report: Report) => boolean): Promise<Report>;
  usage(): Promise<ProcessUsage>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** From now on it does nothing, and keeps its connections: it neither reads nor closes. */
  freeze(): void;
}

export function startDriven({
  name,
  place,
  command,
  args,
  reportsOn = 'stdout',
  cwd,
}: DrivenOptions): Driven {
  const [first = command, ...rest] = [...place.enter, command, ...args];
  const child = spawn(first, rest, { stdio: 'pipe', ...(cwd === undefined ? {} : { cwd }) });
  const reports: Report[] = [];
  const waiters = new Set<() => void>();
  const { promise: died, reject: fail } = Promise.withResolvers<never>();
  // Whoever waits for a report hears of it.
  died.catch(() => undefined);
  let lastWords = '';
  let isStopping = false;

  const hear = (stream: Readable): void => {
    createInterface({ input: stream }).on('line', (text) => {
      const report = parseReport(text);
      if (report === undefined || report.type === 'error')
        lastWords = `${lastWords}\n${text}`.slice(-LAST_WORDS_CHARACTERS);
      if (report !== undefined && report.type !== 'progress') reports.push(report);
      for (const waiter of waiters) waiter();
    });
  };
  hear(reportsOn === 'stdout' ? child.stdout : child.stderr);
  const other = reportsOn === 'stdout' ? child.stderr : child.stdout;
  other.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_CHARACTERS);
  });
  // One that is gone cannot be written to; `died` tells why it is.
  child.stdin.on('error', () => undefined);
  const ended = waitForEnd(child);
  void ended.then((how) => {
    if (!isStopping)
      fail(new Error(`${name} ended early (${how}): ${lastWords.trim() || 'it said nothing'}`));
  });

  return {
    name,
    send: (line) => void child.stdin.write(`${line}\n`),
    endInput: () => void child.stdin.end(),
    async take(matches) {
      const { promise, resolve } = Promise.withResolvers<Report>();
      const look = (): void => {
        const index = reports.findIndex(matches);
        const [found] = index === -1 ? [] : reports.splice(index, 1);
        if (found === undefined) return;
        waiters.delete(look);
        resolve(found);
      };
      waiters.add(look);
      look();
      try {
        return await Promise.race([promise, died]);
      } finally {
        waiters.delete(look);
      }
    },
    usage: () => readProcessUsage(child.pid ?? 0),
    async kill() {
      isStopping = true;
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => void child.kill('SIGSTOP'),
    async [Symbol.asyncDispose]() {
      isStopping = true;
      child.kill('SIGTERM');
      // Or one that is frozen would not see it.
      child.kill('SIGCONT');
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** How it ended, in words. One that could not be started ends too. */
async function waitForEnd(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'close');
    return signal === null ? `exit code ${code}` : String(signal);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function parseReport(text: string): Report | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
