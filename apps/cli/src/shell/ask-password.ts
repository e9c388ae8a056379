/**
 * Asks for a password on a terminal without showing it.
 */
import type { Readable } from 'node:stream';
import { CliError } from '../cli-error.ts';
import type { OutputStream } from '../output/screen.ts';
import { terminalText } from '../output/terminal-text.ts';

export interface AskPasswordOptions {
  readonly input: Readable;
  readonly output: OutputStream;
  readonly signal: AbortSignal;
  /** Asks a second time: nobody sees a slip of the finger. */
  readonly repeat?: boolean;
  /** A shorter one is refused at once, and asked for again. */
  readonly minCharacters?: number;
}

/** Fails with `cancelled` on Ctrl-C and with `passwords_differ` when the second one is another. */
export async function askPassword(message: string, options: AskPasswordOptions): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const { repeat, minCharacters = 0, ...streams } = options;
  const ask = async (question: string, shortest: number) => {
    const validate = (typed = '') =>
      [...typed].length < shortest
        ? `Take at least ${shortest} characters, such as four random words`
        : undefined;
    const answer = await password({ message: terminalText(question), validate, ...streams });
    if (isCancel(answer) || typeof answer !== 'string') throw new CliError('cancelled', 'Cancelled');
    return answer;
  };
  const first = await ask(message, minCharacters);
  if (repeat === true && (await ask('The same once more', 0)) !== first) {
    throw passwordsDiffer();
  }
  return first;
}

/** The second time another one was given. */
export function passwordsDiffer(): CliError {
  return new CliError('passwords_differ', 'The two passwords differ');
}
