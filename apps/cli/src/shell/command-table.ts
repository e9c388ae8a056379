/**
 * All commands of the shell, and how one is found by its name.
 */
import { CliError } from '../cli-error.ts';
import { nearestName } from '../nearest-name.ts';
import type { CommandHelp } from '../output/reports.ts';
import { accountCommands } from './account-commands.ts';
import { defineCommand, type ShellCommand, usageOf } from './command.ts';
import { deviceCommands } from './device-commands.ts';
import { fileCommands } from './file-commands.ts';
import { groupCommands } from './group-commands.ts';
import { invitationCommands } from './invitation-commands.ts';
import { memberCommands } from './member-commands.ts';
import type { Word } from './tokenize.ts';

const help: ShellCommand = defineCommand({
  name: 'help',
  aliases: ['?'],
  summary: 'Show all commands, or how one is written',
  parameters: [
    { name: 'command', kind: 'command', summary: 'only this command', optional: true },
    { name: 'word', kind: 'command', summary: 'its second word, as in device list', optional: true },
  ],
  run: async (_context, { command, word }) => ({
    command: 'help',
    commands: commandsOf([command, word].filter((one) => one !== undefined).join(' ')).map(helpOf),
  }),
});

const quit: ShellCommand = defineCommand({
  name: 'quit',
  aliases: ['exit'],
  summary: 'Leave; downloads go on at the next login',
  run: async () => ({ command: 'quit' }),
});

/** The table, in the order in which help shows it. */
export const SHELL_COMMANDS: readonly ShellCommand[] = [
  ...accountCommands,
  ...deviceCommands,
  ...groupCommands,
  ...memberCommands,
  ...invitationCommands,
  ...fileCommands,
  help,
  quit,
];

/** The command of that name or alias. */
export function findCommand(name: string): ShellCommand | undefined {
  return SHELL_COMMANDS.find((command) => command.name === name || command.aliases.includes(name));
}

/** The command with which a line begins, and the words behind its name; undefined where it begins with none. */
export function findCommandOf(
  words: readonly Word[],
): { readonly command: ShellCommand; readonly name: Word; readonly args: readonly Word[] } | undefined {
  const [first, second, ...others] = words;
  if (first === undefined) return undefined;
  const pair = second && findCommand(`${first.text} ${second.text}`);
  if (pair !== undefined && second !== undefined) return { command: pair, name: second, args: others };
  const command = findCommand(first.text);
  return command && { command, name: first, args: words.slice(1) };
}

/** The failure for words that begin with no command: says what was probably meant. */
export function unknownCommand(words: readonly Word[]): CliError {
  const [first = { text: '' }, second] = words;
  const family = familyOf(first.text);
  if (second === undefined || family.length === 0) return noCommand(first.text);
  const seconds = family.map(({ name }) => name.slice(first.text.length + 1));
  const meant = nearestName(second.text, seconds);
  const hint =
    meant === undefined
      ? `there is ${family.map(({ name }) => name).join(', ')}`
      : `did you mean ${first.text} ${meant}?`;
  const message = `There is no command ${JSON.stringify(`${first.text} ${second.text}`)}; ${hint}`;
  return new CliError('unknown_command', message);
}

/** All commands, the one of that name, or those of which it is the first word. Fails with `unknown_command`. */
function commandsOf(name: string): readonly ShellCommand[] {
  if (name === '') return SHELL_COMMANDS;
  const family = familyOf(name);
  if (family.length > 0) return family;
  const found = findCommand(name);
  if (found !== undefined) return [found];
  throw noCommand(name);
}

/** Those of which it is the first word of two. */
function familyOf(name: string): readonly ShellCommand[] {
  return SHELL_COMMANDS.filter((command) => command.name.startsWith(`${name} `));
}

function noCommand(name: string): CliError {
  const meant = nearestName(
    name,
    SHELL_COMMANDS.map((command) => command.name),
  );
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return new CliError('unknown_command', `There is no command ${JSON.stringify(name)}${hint}`);
}

function helpOf(command: ShellCommand): CommandHelp {
  const parameters = command.parameters.map(({ name, summary }) => ({ name, summary }));
  const options = command.options.map(({ name, summary }) => ({ name: `--${name}`, summary }));
  return {
    name: command.name,
    usage: usageOf(command),
    summary: command.summary,
    details: [...parameters, ...options],
  };
}
