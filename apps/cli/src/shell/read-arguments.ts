/**
 * From the words of a line to the arguments of a command. Everything written wrongly is a `bad_arguments` failure that
 * carries the command's usage. Refuses nothing that a person could mean: a final `q`, as the seed writes it, is taken off.
 */
import { parseArgs } from 'node:util';
import { CliError } from '../cli-error.ts';
import { type OptionValues, type ShellCommand, usageOf } from './command.ts';
import type { Word } from './tokenize.ts';

export interface ReadArguments {
  readonly args: Readonly<Record<string, string | undefined>>;
  readonly options: OptionValues;
}

/** Reads the words after the command's name. Fails with `bad_arguments`. */
export function readArguments(command: ShellCommand, words: readonly Word[]): ReadArguments {
  const { positionals, options } = readOptions(command, words);
  const required = command.parameters.filter((parameter) => parameter.optional !== true).length;
  const isClosed = isClosingWord(words.at(-1)) && positionals.at(-1) === 'q' && positionals.length > required;
  const values = isClosed ? positionals.slice(0, -1) : positionals;

  const missing = command.parameters.slice(values.length).find((parameter) => parameter.optional !== true);
  if (missing !== undefined) throw badArguments(command, `${missing.name} is missing`);
  if (values.length > command.parameters.length) {
    throw badArguments(command, tooMany(values.length, command.parameters.length));
  }
  const args = Object.fromEntries(
    command.parameters.map((parameter, index) => [parameter.name, values[index]]),
  );
  const empty = command.parameters.find((parameter) => args[parameter.name] === '');
  if (empty !== undefined) throw badArguments(command, `${empty.name} is empty`);
  return { args, options };
}

/** The failure for a command that is written wrongly. */
export function badArguments(command: ShellCommand, reason: string): CliError {
  return new CliError('bad_arguments', `Cannot run ${command.name}: ${reason}`, { usage: usageOf(command) });
}

function tooMany(given: number, allowed: number): string {
  if (allowed === 0) return 'it takes no arguments';
  return `${given} arguments are given, at most ${allowed} expected`;
}

/** The seed ends every command with the word `q`; in quotes it is a name. */
function isClosingWord(word: Word | undefined): boolean {
  return word !== undefined && word.text === 'q' && !word.isQuoted;
}

function readOptions(
  command: ShellCommand,
  words: readonly Word[],
): { readonly positionals: readonly string[]; readonly options: OptionValues } {
  const args = words.map((word) => word.text);
  // A command without options takes every word as it is: a password may begin with a dash.
  if (command.options.length === 0) return { positionals: args, options: {} };
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: Object.fromEntries(
        command.options.map(
          ({ name, kind }) => [name, { type: kind === undefined ? 'boolean' : 'string' }] as const,
        ),
      ),
    });
    // Without `multiple` a value is a string, or true for an option that takes none.
    return { positionals, options: values as OptionValues };
  } catch (error) {
    throw badArguments(command, error instanceof Error ? firstSentence(error.message) : String(error));
  }
}

function firstSentence(message: string): string {
  return message.split('. ', 1)[0] ?? message;
}
