/**
 * The prompt: reads a line, runs it, until the user leaves.
 *
 * Ctrl-C while a command runs cancels that command; on a line that is being typed it drops the line; on an empty line
 * it asks once whether to leave. Ctrl-D leaves.
 */
import type { Readable } from 'node:stream';
import { EXIT, type ExitCode } from '../failure.ts';
import type { Reporter } from '../output/reports.ts';
import type { OutputStream } from '../output/screen.ts';
import { safe } from '../output/terminal-text.ts';
import { askPassword } from './ask-password.ts';
import type { CommandContext } from './command.ts';
import type { History } from './history.ts';
import type { LineEditor } from './line-editor.ts';
import type { PromptScreen } from './prompt-screen.ts';
import { runLine } from './run-line.ts';

export interface InteractiveShellOptions {
  readonly input: Readable;
  readonly output: OutputStream;
  readonly editor: LineEditor;
  readonly screen: PromptScreen;
  readonly history: History;
  readonly reporter: Reporter;
  readonly context: Omit<CommandContext, 'mode' | 'askPassword' | 'signal'>;
  /** Aborts when the whole program is to end. */
  readonly signal: AbortSignal;
  /** Calls `onInterrupt` at Ctrl-C while a command runs, until the returned function is called. */
  listenForInterrupt(onInterrupt: () => void): () => void;
}

/** Runs until the user leaves or `signal` aborts; answers the exit code. */
export async function runInteractiveShell(options: InteractiveShellOptions): Promise<ExitCode> {
  const { editor, history, screen, context, signal } = options;
  let wantsToLeave = false;
  while (!signal.aborted) {
    const typed = await editor.read({
      prompt: promptFor(context.peer.userId),
      history: history.lines(),
      signal,
    });
    if (typed.kind === 'ended') {
      // Ctrl-D leaves the cursor behind the prompt.
      if (!signal.aborted) screen.print(['']);
      return EXIT.ok;
    }
    if (typed.kind === 'interrupted') {
      if (typed.isEmpty && wantsToLeave) return EXIT.interrupted;
      wantsToLeave = typed.isEmpty;
      if (wantsToLeave) screen.print(['Press Ctrl-C again to leave, or go on']);
      continue;
    }
    wantsToLeave = false;
    if ((await runTypedLine(typed.text, options)) === 'quit') return EXIT.ok;
  }
  return EXIT.ok;
}

async function runTypedLine(line: string, options: InteractiveShellOptions): Promise<'quit' | 'go-on'> {
  const { input, output, screen, reporter, signal } = options;
  const cancel = new AbortController();
  const stopListening = options.listenForInterrupt(() => cancel.abort());
  const commandSignal = AbortSignal.any([signal, cancel.signal]);
  const context: CommandContext = {
    ...options.context,
    mode: 'interactive',
    signal: commandSignal,
    async askPassword(message, askOptions) {
      const speakAgain = screen.silence();
      try {
        return await askPassword(message, { input, output, signal: commandSignal, ...askOptions });
      } finally {
        speakAgain();
      }
    },
  };
  try {
    await options.history.add(line);
    const outcome = await runLine(line, { context, reporter, lineNumber: null });
    return outcome.kind === 'quit' ? 'quit' : 'go-on';
  } finally {
    stopListening();
  }
}

function promptFor(userId: string | undefined): string {
  return userId === undefined ? 'minitorrent> ' : safe`minitorrent (${userId})> `;
}
