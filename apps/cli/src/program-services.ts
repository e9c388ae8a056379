/**
 * The part of the command line for those who run trackers: `tracker`, `witness`, `cluster`, and what is below them.
 */
import { type Command, Option } from 'commander';
import type { Actions } from './actions.ts';
import type { ExitCode } from './failure.ts';
import { refuseUnknownBelow } from './program-mistakes.ts';
import {
  clusterOption,
  dataOption,
  exitWithStdinOption,
  jsonOption,
  listenOption,
  logLevelOption,
  logOption,
  metricsOption,
} from './program-options.ts';

type SetExitCode = (code: ExitCode) => void;

/** Adds them to `program`. */
export function addServiceCommands(program: Command, actions: Actions, setExitCode: SetExitCode): void {
  const tracker = addTracker(program, actions, setExitCode);
  addTrackerOperations(tracker, actions, setExitCode);
  addTrackerFiles(tracker, actions, setExitCode);
  refuseUnknownBelow(tracker);
  const witness = addWitness(program, actions, setExitCode);
  refuseUnknownBelow(witness);
  addCluster(program, actions, setExitCode);
}

function addTracker(program: Command, actions: Actions, setExitCode: SetExitCode): Command {
  return program
    .command('tracker')
    .description('run a tracker: users, groups, files, and who has what')
    .helpCommand('help [command]', 'show help for a command of tracker')
    .addOption(listenOption('127.0.0.1:7700'))
    .addOption(dataOption())
    .option(
      '--journal <url>',
      'keep it in PostgreSQL instead, where several trackers share it (env: MINITORRENT_JOURNAL)',
    )
    .option('--join <addresses>', 'the other trackers that make one with it, host:port#ID[,...]')
    .option(
      '--witness <address>',
      'who decides which one leads: host:port#ID of a witness, or a postgres:// URL',
    )
    .addOption(clusterOption())
    .option('--connections <number>', 'how many there may be at a time (default: 10000)')
    .addOption(metricsOption())
    .addOption(logOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addOption(exitWithStdinOption())
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.tracker(command.optsWithGlobals())),
    );
}

function addTrackerOperations(tracker: Command, actions: Actions, setExitCode: SetExitCode): void {
  tracker
    .command('status')
    .description('tell what trackers are: role, who is in sync, what is wrong')
    .argument('[addresses]', 'host:port or host:port#ID, with commas', '127.0.0.1:7700')
    .addOption(clusterOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (addresses: string, _: unknown, command: Command) =>
      setExitCode(await actions.trackerStatus(addresses, command.optsWithGlobals())),
    );
  tracker
    .command('promote')
    .description('let a tracker of a pair without a witness decide, because the other one is lost')
    .argument('<address>', 'host:port or host:port#ID of the tracker that shall lead')
    .addOption(clusterOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (address: string, _: unknown, command: Command) =>
      setExitCode(await actions.trackerPromote(address, command.optsWithGlobals())),
    );
  tracker
    .command('identity')
    .description('tell the id of the tracker whose data is there; its key is made where there is none')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.trackerIdentity(command.optsWithGlobals())),
    );
  tracker
    .command('invite')
    .description('tell the link by which peers find it, and know that it is the right one')
    .option(
      '--address <addresses>',
      'where peers reach it, and other trackers with their ids: host:port,host:port#ID (default: an address of this machine)',
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.trackerInvite(command.optsWithGlobals())),
    );
}

function addTrackerFiles(tracker: Command, actions: Actions, setExitCode: SetExitCode): void {
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
}

function addWitness(program: Command, actions: Actions, setExitCode: SetExitCode): Command {
  const witness = program
    .command('witness')
    .description('run the witness of a pair of trackers: it decides which one leads')
    .helpCommand('help [command]', 'show help for a command of witness')
    .addOption(listenOption('127.0.0.1:7709'))
    .option('--admit <ids>', 'its trackers, and nobody else: what tracker identity tells, with commas')
    .addOption(dataOption())
    .addOption(metricsOption())
    .addOption(logOption())
    .addOption(logLevelOption())
    .addOption(jsonOption())
    .addOption(exitWithStdinOption())
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.witness(command.optsWithGlobals())),
    );
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
  witness
    .command('identity')
    .description('tell the id of the witness whose data is there; its key is made where there is none')
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.witnessIdentity(command.optsWithGlobals())),
    );
  return witness;
}

function addCluster(program: Command, actions: Actions, setExitCode: SetExitCode): void {
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
    .action(async (_: unknown, command: Command) =>
      setExitCode(await actions.clusterUp(command.optsWithGlobals())),
    );
}
