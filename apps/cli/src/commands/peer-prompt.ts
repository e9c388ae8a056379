/**
 * The shell on a terminal: prompt, history, completion, and notices and progress around the line being typed.
 */
import { join } from 'node:path';
import { EXIT, type ExitCode } from '../failure.ts';
import { createHumanReporter } from '../output/human-reporter.ts';
import { createLiveScreen } from '../output/screen.ts';
import { type CompletionSource, complete } from '../shell/completion.ts';
import { openHistory } from '../shell/history.ts';
import { runInteractiveShell } from '../shell/interactive-shell.ts';
import { type Completer, createLineEditor } from '../shell/line-editor.ts';
import { createPromptScreen } from '../shell/prompt-screen.ts';
import { type FrontOptions, openSession } from './peer-session.ts';

export async function runAtPrompt(
  options: FrontOptions & { readonly dataFolder: string },
): Promise<ExitCode> {
  const { peer, world, ending } = options;
  const streams = { input: world.stdin, output: world.stdout };
  const editor = createLineEditor({ ...streams, completer: completerFor(peer) });
  const screen = createPromptScreen({ editor, terminal: await createLiveScreen(world.stdout) });
  const reporter = createHumanReporter({ ...world, screen });
  const history = await openHistory(join(options.dataFolder, 'history'));
  using session = openSession({ ...options, reporter });
  reporter.event({ event: 'notice', message: 'Type help for all commands, quit to leave' });
  const exitCode = await runInteractiveShell({
    ...streams,
    editor,
    screen,
    history,
    reporter,
    context: session.context,
    signal: ending.signal,
    listenForInterrupt: ending.takeInterrupts,
  });
  // Ended from outside while nothing was asked of it: that is no failure, except for Ctrl-C.
  return ending.exitCode === undefined || ending.exitCode === EXIT.terminated ? exitCode : ending.exitCode;
}

function completerFor(source: CompletionSource): Completer {
  return (line, done) => {
    void complete(line, source).then(({ candidates, typed }) => done(null, [candidates, typed]));
  };
}
