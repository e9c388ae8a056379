/**
 * The command line of `minitorrent`: commands, options and what they mean. Loads no more than commander; each command
 * loads what it needs when it runs.
 */
import { Command, CommanderError, Option } from 'commander';
import type { ClusterUpOptions } from './commands/cluster-up.ts';
import type { DemoCommandOptions } from './commands/demo.ts';
import type { PeerCommandOptions } from './commands/peer.ts';
import type { BackupCommandOptions } from './commands/tracker-backup.ts';
import type { TrackerCommandOptions } from './commands/tracker-settings.ts';
import type { OperatorCommandOptions } from './commands/tracker-status.ts';
import type { WitnessCommandOptions, WitnessInitOptions } from './commands/witness.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { LOG_FORMATS, LOG_LEVELS } from './logging/levels.ts';

/** Explanations are wrapped in their column unless it is narrower than this. */
const NARROWEST_COLUMN = 20;

/** What each command does; answers the exit code. */
export interface Actions {
  tracker(options: TrackerCommandOptions): Promise<ExitCode>;
  trackerStatus(addresses: string, options: OperatorCommandOptions): Promise<ExitCode>;
  trackerPromote(address: string, options: OperatorCommandOptions): Promise<ExitCode>;
  trackerBackup(file: string, options: BackupCommandOptions): Promise<ExitCode>;
  trackerRestore(file: string, options: BackupCommandOptions): Promise<ExitCode>;
  witness(options: WitnessCommandOptions): Promise<ExitCode>;
  witnessInit(options: WitnessInitOptions): Promise<ExitCode>;
  clusterUp(options: ClusterUpOptions): Promise<ExitCode>;
  peer(options: PeerCommandOptions): Promise<ExitCode>;
  demo(file: string | undefined, options: DemoCommandOptions): Promise<ExitCode>;
}

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
  const tracker = program
    .command('tracker')
    .description('run a tracker: users, groups, files, and who has what')
    .addOption(listenOption('127.0.0.1:7700'))
    .addOption(dataOption())
    .option(
      '--journal <url>',
      'keep it in PostgreSQL instead, where several trackers share it (env: MINITORRENT_JOURNAL)',
    )
    .option('--join <addresses>', 'the other trackers that make one with it, host:port[,host:port]')
    .option(
      '--witness <address>',
      'who decides which one leads: host:port of a witness, or a postgres:// URL',
    )
    .addOption(clusterOption())
    .option('--connections <number>', 'how many there may be at a time (default: 10000)')
    .addOption(metricsOption())
    .addOption(logOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addOption(exitWithStdinOption())
    .action(async (given: TrackerCommandOptions) => setExitCode(await actions.tracker(given)));
  tracker
    .command('status')
    .description('tell what trackers are: role, who is in sync, what is wrong')
    .argument('[addresses]', 'host:port[,host:port]', '127.0.0.1:7700')
    .addOption(clusterOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (addresses: string, _: unknown, command: Command) =>
      setExitCode(await actions.trackerStatus(addresses, command.optsWithGlobals())),
    );
  tracker
    .command('promote')
    .description('let a tracker of a pair without a witness decide, because the other one is lost')
    .argument('<address>', 'host:port of the tracker that shall lead')
    .addOption(clusterOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (address: string, _: unknown, command: Command) =>
      setExitCode(await actions.trackerPromote(address, command.optsWithGlobals())),
    );
  tracker
    .command('backup')
    .description('copy the journal of a data folder to a file; the tracker may be running')
    .argument('<file>', 'the file to make')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (file: string, _: unknown, command: Command) =>
      setExitCode(await actions.trackerBackup(file, command.optsWithGlobals())),
    );
  tracker
    .command('restore')
    .description('make a backup the journal of a data folder that has none')
    .argument('<file>', 'what tracker backup made')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (file: string, _: unknown, command: Command) =>
      setExitCode(await actions.trackerRestore(file, command.optsWithGlobals())),
    );
  const witness = program
    .command('witness')
    .description('run the witness of a pair of trackers: it decides which one leads')
    .addOption(listenOption('127.0.0.1:7709'))
    .addOption(dataOption())
    .addOption(metricsOption())
    .addOption(logOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addOption(exitWithStdinOption())
    .action(async (given: WitnessCommandOptions) => setExitCode(await actions.witness(given)));
  witness
    .command('init')
    .description('make the register of a new cluster, once')
    .option('--postgres <url>', 'keep it in a row of PostgreSQL, not in a folder')
    .option(
      '--restored <folder>',
      'let the tracker lead whose data is there: restored, or from before the cluster',
    )
    .option('--from <trackers>', 'in place of one that was lost: all trackers of the cluster, running')
    .addOption(clusterOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.witnessInit(command.optsWithGlobals())),
    );
  program
    .command('cluster')
    .description('several trackers as one, for trying out')
    .command('up')
    .description('run two trackers and a witness on this machine until Ctrl-C')
    .addOption(
      new Option(
        '-l, --listen <address>',
        'host:port of the first tracker; the second one and the witness take the ports 1 and 9 above',
      ).default('127.0.0.1:7700'),
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (given: ClusterUpOptions) => setExitCode(await actions.clusterUp(given)));
  program
    .command('peer')
    .description('run a peer; commands come from a prompt, or from standard input')
    .option('-t, --tracker <addresses>', 'the trackers, host:port[,host:port]', '127.0.0.1:7700')
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

function listenOption(defaultAddress: string): Option {
  return new Option(
    '-l, --listen <address>',
    'host:port to listen on; 0.0.0.0 or [::] for all networks',
  ).default(defaultAddress);
}

function dataOption(): Option {
  return new Option('-d, --data <folder>', 'where data is kept').env('MINITORRENT_DATA');
}

function clusterOption(): Option {
  return new Option('--cluster <id>', 'the id of the cluster, 32 hexadecimal digits').env(
    'MINITORRENT_CLUSTER',
  );
}

function jsonOption(): Option {
  return new Option('--json', 'write one JSON object a line');
}

function metricsOption(): Option {
  return new Option('--metrics <address>', 'host:port for metrics and health, by HTTP');
}

function logOption(): Option {
  return new Option('--log <format>', 'write a log to standard error').choices(LOG_FORMATS);
}

function logLevelOption(): Option {
  return new Option('--log-level <level>', 'the least that the log has').choices(LOG_LEVELS).default('info');
}

function exitWithStdinOption(): Option {
  return new Option('--exit-with-stdin', 'end as soon as standard input ends');
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
