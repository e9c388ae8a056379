/**
 * The command line of `minitorrent`: commands, options and what they mean. Loads no more than commander; each command
 * loads what it needs when it runs.
 */
import { Command, CommanderError, Option } from 'commander';
import type { Actions } from './actions.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { layOut, type Page } from './program-layout.ts';
import { mistakeLine, refuseOption } from './program-mistakes.ts';
import {
  dataOption,
  exitWithStdinOption,
  jsonOption,
  listenOption,
  logLevelOption,
  logOption,
} from './program-options.ts';
import { addServiceCommands } from './program-services.ts';

export interface ProgramOptions extends Page {
  readonly version: string;
  readonly actions: Actions;
}

/** Reads the arguments (without node and script), runs the command, and answers the exit code. */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const shellHelp = asksForPeerHelp(args) ? await describeShell() : '';
  const isForPrograms = args.includes('--json');
  let written = '';
  const writeErr = (text: string) => {
    written += text;
    if (!isForPrograms) options.writeErr(text);
  };
  const program = createProgram({ ...options, writeErr, shellHelp }, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander ends --help and --version in this way too, with 0.
    if (error.exitCode === 0) return EXIT.ok;
    if (isForPrograms) options.writeOut(mistakeLine(error, written));
    return EXIT.usage;
  }
}

function createProgram(
  options: ProgramOptions & { readonly shellHelp: string },
  setExitCode: (code: ExitCode) => void,
): Command {
  const { version, actions } = options;
  const program = new Command('minitorrent')
    .description('Share large files inside a private group')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    // On every command, too, which have them for their help: here they are read, wherever they stand.
    .addOption(dataOption())
    .addOption(jsonOption())
    .showHelpAfterError()
    .exitOverride();
  layOut(program, options);
  // Subcommands take over the settings above.
  addServiceCommands(program, actions, setExitCode);
  program
    .command('connect')
    .description('store an invitation link, so that peers know where the trackers are and which devices')
    .argument('<link>', 'minitorrent://..., as whoever runs the trackers gives it')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (link: string, _: unknown, command: Command) =>
      setExitCode(await actions.connect(link, command.optsWithGlobals())),
    );
  program
    .command('peer')
    .description('run a peer; commands come from a prompt, or from standard input')
    .option(
      '-t, --tracker <addresses>',
      'the trackers, host:port or host:port#ID, with commas, or a link (default: those of connect, else 127.0.0.1:7700)',
    )
    .addOption(listenOption('127.0.0.1:0'))
    .addOption(dataOption())
    .option('--downloads <folder>', 'where finished files go (default: the current folder)')
    .addOption(
      new Option('--strategy <name>', 'how downloads choose pieces').choices([
        'rarest-first',
        'random',
        'sequential',
      ]),
    )
    .option('--limit-up <rate>', 'bytes a second to send at the most, as in 500K or 2M (default: none)')
    .option('--limit-down <rate>', 'bytes a second to receive at the most (default: none)')
    .option('--schedule <spans>', 'limits by the time of day, up/down: 08:00-18:00=500K/none,...')
    .option(
      '--device-name <name>',
      'what this device is called in your list (default: the name of the machine)',
    )
    .option(
      '--membership-grace <duration>',
      'how much longer members are served while no tracker can be reached; 0 for none (default: 24h)',
    )
    .addOption(logOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .option('--keep-going', 'go on with the script after a command that failed')
    .option('--stay', 'go on serving at the end of the script, until a signal comes')
    .addOption(exitWithStdinOption())
    .addHelpText('after', options.shellHelp)
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.peer(command.optsWithGlobals())),
    );
  program
    .command('demo')
    .description('show it all on this machine: a tracker, four peers, one file for three of them')
    .argument('[file]', 'the file to share (default: the running Node.js program)')
    .option('--failover', 'with two trackers and a witness, and kill the one that decides in the middle')
    .addOption(jsonOption())
    .action(async (file: string | undefined, _: unknown, command: Command) => {
      const { data, ...given } = command.optsWithGlobals();
      if (data !== undefined && program.getOptionValueSource('data') === 'cli')
        refuseOption(command, '--data');
      setExitCode(await actions.demo(file, given));
    });
  return program;
}

function asksForPeerHelp(args: readonly string[]): boolean {
  return args.includes('peer') && args.some((arg) => ['help', '--help', '-h'].includes(arg));
}

/** The commands of the shell, loaded only to be shown. */
async function describeShell(): Promise<string> {
  const [{ SHELL_COMMANDS }, { usageOf }] = await Promise.all([
    import('./shell/command-table.ts'),
    import('./shell/command.ts'),
  ]);
  return ['', 'Commands at the prompt:', ...SHELL_COMMANDS.map((command) => `  ${usageOf(command)}`)].join(
    '\n',
  );
}
