/**
 * What is written wrongly on the command line: the name of a command that is none is said to be so before anything else,
 * with the one that was probably meant; and for programs, every mistake is an object as any other failure is.
 */
import type { Command, CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import { describeFailure } from './failure.ts';
import { nearestName } from './nearest-name.ts';
import { terminalJson } from './output/terminal-text.ts';

/**
 * Has a command that does something by itself refuse the name of a command below it that is none. commander would say that
 * there are too many arguments or, where an option of the right command is behind it, that the option is unknown.
 */
export function refuseUnknownBelow(group: Command): void {
  group.allowExcessArguments().allowUnknownOption();
  group.hook('preAction', (_, command) => {
    const [first] = command.args;
    if (command !== group || first === undefined) return;
    if (first.startsWith('-')) refuseOption(group, first);
    const names = group.commands.map((each) => each.name());
    const meant = nearestName(first, names);
    const hint = meant === undefined ? `it has ${names.join(', ')}` : `did you mean ${meant}?`;
    const message = `error: ${pathOf(group)} has no command ${JSON.stringify(first)}; ${hint}`;
    group.error(message, { code: 'commander.unknownCommand' });
  });
}

/** Refuses an option that the command does not have, though one above it has. */
export function refuseOption(command: Command, flag: string): never {
  const meant = nearestName(
    flag,
    command.options.flatMap(({ long }) => long ?? []),
  );
  const hint = meant === undefined || meant === flag ? '' : `\n(Did you mean ${meant}?)`;
  command.error(`error: unknown option '${flag}'${hint}`, { code: 'commander.unknownOption' });
}

/** The mistake as one line of `--json`; `written` is what people would have been shown. */
export function mistakeLine(mistake: CommanderError, written: string): string {
  const code = mistake.code === 'commander.unknownCommand' ? 'unknown_command' : 'bad_arguments';
  // commander asks for help where a command is missing, and has no words of its own for that.
  const isMissing = mistake.code === 'commander.help';
  const message = isMissing ? 'a command is missing' : mistake.message.replace(/^error: /, '');
  const usage = /^Usage: (.*)$/m.exec(written)?.[1];
  const error = new CliError(code, message.replaceAll('\n', ' '), usage === undefined ? {} : { usage });
  const failure = { ...describeFailure(error), advice: ADVICE };
  return `${terminalJson(JSON.stringify({ type: 'error', command: null, line: null, ...failure }))}\n`;
}

const ADVICE = 'minitorrent --help shows all commands, minitorrent <command> --help how one is written';

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
