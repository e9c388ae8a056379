/**
 * What a command of the shell is: an entry of a table, from which help, completion, parsing and the README come.
 */

import type { Peer, PickStrategyName } from '@minitorrent/peer';
import type { Clock } from '@minitorrent/rpc-core';
import type { ProgressBoard } from '../output/progress-board.ts';
import type { CommandResult } from '../output/reports.ts';
import type { ShownRequests } from './shown-requests.ts';

/** What a parameter names; completion offers such values. */
export type ParameterKind =
  | 'command'
  | 'group'
  | 'file'
  | 'download'
  | 'share'
  | 'requester'
  | 'member'
  | 'device'
  | 'invitation'
  | 'code'
  | 'user'
  | 'password'
  | 'path'
  | 'folder'
  | 'strategy'
  | 'size'
  | 'range'
  | 'duration'
  | 'count';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly summary: string;
  readonly optional?: true;
}

/** Written `--name`, or `--name <value>` where it has a kind. */
export interface CommandOption {
  readonly name: string;
  readonly kind?: ParameterKind;
  readonly summary: string;
}

/** The arguments by parameter name: a string for each that is not optional. */
export type ArgumentsOf<P extends readonly Parameter[]> = {
  readonly [K in P[number] as K['name']]: K extends { readonly optional: true } ? string | undefined : string;
};

export type OptionValues = Readonly<Record<string, string | true | undefined>>;

/** What a command works with. */
export interface CommandContext {
  readonly peer: Peer;
  readonly clock: Clock;
  readonly board: ProgressBoard;
  /** What was shown of requests to join, by a command or a notice. */
  readonly requests: ShownRequests;
  /** Aborts when the user cancels this command. */
  readonly signal: AbortSignal;
  /** `script`: a download is waited for. `interactive`: it goes on in the background. */
  readonly mode: 'script' | 'interactive';
  /** Strategy of downloads that name none; the peer's default where undefined. */
  readonly strategy: PickStrategyName | undefined;
  /**
   * Asks for a password without showing it. Where mistakes cannot be seen, `repeat` asks twice, and `minCharacters`
   * refuses a shorter one before that.
   */
  askPassword(
    message: string,
    options?: { readonly repeat?: boolean; readonly minCharacters?: number },
  ): Promise<string>;
  /** Says that the command itself tells of this download: that it starts, or all of it. No notice does then. */
  follow(groupId: string, name: string, what: 'start' | 'all'): void;
}

/** One entry of the table. */
export interface ShellCommand {
  /** One word, or two. */
  readonly name: string;
  /** Other words for it. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly options: readonly CommandOption[];
  /** Asks for secrets that are never in the line: whoever types them there all the same must not leave them behind. */
  readonly asksForSecrets: boolean;
  run(
    context: CommandContext,
    args: Readonly<Record<string, string | undefined>>,
    options: OptionValues,
  ): Promise<CommandResult>;
}

/** Makes an entry; `run` gets its arguments by name, typed after `parameters`. */
export function defineCommand<const P extends readonly Parameter[]>(command: {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly parameters?: P;
  readonly options?: readonly CommandOption[];
  readonly asksForSecrets?: boolean;
  run(context: CommandContext, args: ArgumentsOf<P>, options: OptionValues): Promise<CommandResult>;
}): ShellCommand {
  return {
    name: command.name,
    aliases: command.aliases ?? [],
    summary: command.summary,
    parameters: command.parameters ?? [],
    options: command.options ?? [],
    asksForSecrets: command.asksForSecrets ?? false,
    // `readArguments` refuses a line in which a parameter that is not optional is missing.
    run: (context, args, options) => command.run(context, args as ArgumentsOf<P>, options),
  };
}

/** How the command is written: `download_file <groupid> <filename> [--overwrite]`. */
export function usageOf(command: Pick<ShellCommand, 'name' | 'parameters' | 'options'>): string {
  const parameters = command.parameters.map(({ name, optional }) => (optional ? `[${name}]` : `<${name}>`));
  const options = command.options.map(
    ({ name, kind }) => `[--${name}${kind === undefined ? '' : ` <${kind}>`}]`,
  );
  return [command.name, ...parameters, ...options].join(' ');
}
