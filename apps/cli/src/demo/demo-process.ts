/**
 * One child process of the demonstration: a tracker or a peer that reads commands and writes reports, one JSON object a
 * line.
 *
 * Commands are sent as a person would type them. A child that fails or ends early fails whoever waits for it, with what
 * it said last. Children notice the end of their standard input, so none outlives this process whatever happens to it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Clock } from '@minitorrent/rpc-core';
import { CliError } from '../cli-error.ts';
import type { JsonLine } from '../output/reports.ts';
import { quoteWord } from '../shell/tokenize.ts';

/** Time for an orderly end before a child is killed. */
const GRACE_MS = 5_000;
/** What is kept of the last words on standard error. */
const LAST_WORDS_CHARACTERS = 2_000;

export interface DemoProcessOptions {
  readonly name: string;
  /** Arguments of Node.js: its own, the program, and the program's. */
  readonly args: readonly string[];
  readonly clock: Clock;
  /** Sees every report, before whoever waits for it. */
  onReport(line: JsonLine): void;
}

export interface DemoProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number | undefined;
  /** Rejects when the process ends without having been asked to; never resolves. */
  readonly died: Promise<never>;
  /** Ends the process as a power cut would; resolves when it is gone. */
  kill(): Promise<void>;
  /** Types a command and, below it, the lines that it will ask for. */
  type(command: string, args: readonly string[], answers?: readonly string[]): void;
  /** The same; resolves with its result, and rejects with `command_failed` when it fails. */
  run(command: string, args: readonly string[], answers?: readonly string[]): Promise<ResultLine>;
  /** The first report, among those that nobody has taken yet, that `matches`. */
  take<L extends JsonLine>(matches: (line: JsonLine) => line is L): Promise<L>;
}

type ResultLine = JsonLine & { readonly type: 'result' };
/** How a command ends. */
type EndLine = ResultLine | (JsonLine & { readonly type: 'error' });

export function startDemoProcess(options: DemoProcessOptions): DemoProcess {
  const { name, args, clock, onReport } = options;
  // In a process group of its own, so that Ctrl-C reaches this process alone and the end is orderly.
  const child = spawn(process.execPath, args, { stdio: 'pipe', detached: true, windowsHide: true });
  const reports: JsonLine[] = [];
  const waiters = new Set<() => void>();
  const { promise: died, reject: fail } = Promise.withResolvers<never>();
  // Whoever waits for a report hears of it; at other times the owner does.
  died.catch(() => undefined);
  let lastWords = '';
  let isStopping = false;

  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_CHARACTERS);
  });
  // A child that is gone cannot be written to; `died` tells why it is.
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = parseReport(text);
    if (line === undefined) return fail(new CliError('process_ended', `${name} wrote no report: ${text}`));
    if (line.type === 'error') lastWords = line.message;
    onReport(line);
    if (line.type === 'progress') return;
    reports.push(line);
    for (const waiter of waiters) waiter();
  });

  const ended = waitForEnd(child);
  void ended.then((how) => {
    if (isStopping) return;
    const why = lastWords.trim() || 'it said nothing';
    fail(new CliError('process_ended', `${name} ended early (${how}): ${why}`));
  });

  const take = async <L extends JsonLine>(matches: (line: JsonLine) => line is L): Promise<L> => {
    const { promise, resolve } = Promise.withResolvers<L>();
    const look = () => {
      const found = reports.find(matches);
      if (found === undefined) return;
      reports.splice(reports.indexOf(found), 1);
      // At once: the next report may come before whoever waits here goes on.
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
  };

  const type: DemoProcess['type'] = (command, commandArgs, answers = []) => {
    child.stdin.write([[command, ...commandArgs.map(quoteWord)].join(' '), ...answers, ''].join('\n'));
  };

  return {
    name,
    pid: child.pid,
    died,
    take,
    async kill() {
      isStopping = true;
      child.kill('SIGKILL');
      await ended;
    },
    type,
    async run(command, commandArgs, answers = []) {
      type(command, commandArgs, answers);
      const line = await take(
        (one): one is EndLine => (one.type === 'result' || one.type === 'error') && one.command === command,
      );
      if (line.type === 'result') return line;
      throw new CliError('command_failed', `${name}: ${command}: ${line.message} (${line.code})`);
    },
    async [Symbol.asyncDispose]() {
      isStopping = true;
      child.kill('SIGTERM');
      const cancelKill = clock.schedule(GRACE_MS, () => child.kill('SIGKILL'));
      await ended;
      cancelKill();
    },
  };
}

/** How the process ended, in words. A process that could not be started ends too. */
async function waitForEnd(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'close');
    return signal === null ? `exit code ${code}` : String(signal);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A line of `--json`; undefined for anything else. */
function parseReport(text: string): JsonLine | undefined {
  try {
    // Written by json-reporter.ts of this very program.
    return JSON.parse(text) as JsonLine;
  } catch {
    return undefined;
  }
}
