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
}

/** Fails with `cancelled` on Ctrl-C and with `passwords_differ` when the second one is another. */
export async function askPassword(message: string, options: AskPasswordOptions): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const { repeat, ...streams } = options;
  const ask = async (question: string) => {
    const answer = await password({ message: terminalText(question), ...streams });
    if (isCancel(answer) || typeof answer !== 'string') throw new CliError('cancelled', 'Cancelled');
    return answer;
  };
  const first = await ask(message);
  if (repeat === true && (await ask('The same once more')) !== first) {
    throw new CliError('passwords_differ', 'The two passwords differ');
  }
  return first;
}
