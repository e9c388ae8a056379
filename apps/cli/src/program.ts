/**
 * The command line of `minitorrent`: commands, options and what they mean. Loads no more than commander; each command
 * loads what it needs when it runs.
 */
import { Command, CommanderError, Option } from 'commander';
import type { Actions } from './actions.ts';
import type { ConnectOptions } from './commands/connect.ts';
import type { DemoCommandOptions } from './commands/demo.ts';
import type { PeerCommandOptions } from './commands/peer.ts';
import { EXIT, type ExitCode } from './failure.ts';
import {
  dataOption,
  exitWithStdinOption,
  jsonOption,
  listenOption,
  logLevelOption,
  logOption,
} from './program-options.ts';
import { addServiceCommands } from './program-services.ts';

/** Explanations are wrapped in their column unless it is narrower than this. */
const NARROWEST_COLUMN = 20;

export interface ProgramOptions {
  readonly version: string;
  readonly actions: Actions;
  writeOut(text: string): void;
  writeErr(text: string): void;
}

/** Reads the arguments (without node and script), runs the command, and answers the exit code. */
export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const shellHelp = asksForPeerHelp(args) ? await describeShell() : '';
  const program = createProgram({ ...options, shellHelp }, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // commander ends --help and --version in this way too, with 0.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

function createProgram(
  options: ProgramOptions & { readonly shellHelp: string },
  setExitCode: (code: ExitCode) => void,
): Command {
  const { version, actions, writeOut, writeErr } = options;
  const program = new Command('minitorrent')
    .description('Share large files inside a private group')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureOutput({ writeOut, writeErr })
    .configureHelp({ minWidthToWrap: NARROWEST_COLUMN })
    .showHelpAfterError()
    .exitOverride();
  // Subcommands take over the settings above.
  addServiceCommands(program, actions, setExitCode);
  program
    .command('connect')
    .description('store an invitation link, so that peers know where the trackers are and which devices')
    .argument('<link>', 'minitorrent://..., as whoever runs the trackers gives it')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (link: string, given: ConnectOptions) => setExitCode(await actions.connect(link, given)));
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
    .action(async (given: PeerCommandOptions) => setExitCode(await actions.peer(given)));
  program
    .command('demo')
    .description('show it all on this machine: a tracker, four peers, one file for three of them')
    .argument('[file]', 'the file to share (default: the running Node.js program)')
    .option('--failover', 'with two trackers and a witness, and kill the one that decides in the middle')
    .addOption(jsonOption())
    .action(async (file: string | undefined, given: DemoCommandOptions) =>
      setExitCode(await actions.demo(file, given)),
    );
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
