/**
 * All commands of the shell, and how one is found by its name.
 */
import { CliError } from '../cli-error.ts';
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

/** All commands, the one of that name, or those of which it is the first word. Fails with `unknown_command`. */
function commandsOf(name: string): readonly ShellCommand[] {
  if (name === '') return SHELL_COMMANDS;
  const family = SHELL_COMMANDS.filter((command) => command.name.startsWith(`${name} `));
  return family.length > 0 ? family : [requireCommand(name)];
}

/** The same; fails with `unknown_command`, and names what was probably meant. */
export function requireCommand(name: string): ShellCommand {
  const found = findCommand(name);
  if (found !== undefined) return found;
  const meant = SHELL_COMMANDS.find(
    (command) => isNearly(name, command.name) || isNearly(name, command.name.split(' ')[0] ?? ''),
  );
  const hint = meant === undefined ? '' : `; did you mean ${meant.name}?`;
  throw new CliError('unknown_command', `There is no command ${JSON.stringify(name)}${hint}`);
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

/** Other case or separators, one half of the name, or two letters changed places, too many or too few. */
function isNearly(typed: string, name: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z]/g, '');
  const [a, b] = [plain(typed), plain(name)];
  if (a.length < 3) return false;
  return b.startsWith(a) || a.startsWith(b) || editDistance(a, b) <= 2;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
