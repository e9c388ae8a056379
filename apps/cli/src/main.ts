#!/usr/bin/env -S node --max-semi-space-size=1
/**
 * The `minitorrent` command: hands the process over to the command that was asked for, and its answer back as the exit
 * code.
 *
 * The flag above keeps the young generation small: the bytes of a transfer are garbage soon after they came, and are
 * counted by its collections alone. It is worth 35 MiB to a peer.
 */
import type { Actions } from './actions.ts';
import { describeDefect, EXIT } from './failure.ts';
import { hideArguments } from './hide-arguments.ts';
import { runProgram } from './program.ts';
import { readVersion } from './version.ts';

/** An orderly end has happened by then; what still holds the process after this long must not hang a user's script. */
const LINGER_MS = 3_000;

const actions: Actions = {
  async tracker(options) {
    const [{ runTracker }, { systemWorld, trackerTools }] = await Promise.all([
      import('./commands/tracker.ts'),
      import('./system.ts'),
    ]);
    return runTracker(options, systemWorld(), trackerTools);
  },
  async witness(options) {
    const [{ runWitness }, { systemWorld, witnessTools }] = await Promise.all([
      import('./commands/witness.ts'),
      import('./system.ts'),
    ]);
    return runWitness(options, systemWorld(), witnessTools);
  },
  async witnessInit(options) {
    const [{ runWitnessInit }, { systemWorld, witnessTools }] = await Promise.all([
      import('./commands/witness-init.ts'),
      import('./system.ts'),
    ]);
    return runWitnessInit(options, systemWorld(), witnessTools);
  },
  async clusterUp(options) {
    const [{ runClusterUp }, { systemWorld, witnessTools }] = await Promise.all([
      import('./commands/cluster-up.ts'),
      import('./system.ts'),
    ]);
    const program = [...process.execArgv, import.meta.filename];
    return runClusterUp({ ...options, program, initFolder: witnessTools.initFolder }, systemWorld());
  },
  async trackerStatus(addresses, options) {
    const { runTrackerStatus, world, operatorTools } = await operatorParts();
    return runTrackerStatus(addresses, options, world, operatorTools);
  },
  async trackerPromote(address, options) {
    const { runTrackerPromote, world, operatorTools } = await operatorParts();
    return runTrackerPromote(address, options, world, operatorTools);
  },
  async trackerIdentity(options) {
    const { runIdentity, world } = await identityParts();
    return runIdentity('tracker', options, world);
  },
  async witnessIdentity(options) {
    const { runIdentity, world } = await identityParts();
    return runIdentity('witness', options, world);
  },
  async trackerInvite(options) {
    const { runTrackerInvite, world } = await identityParts();
    return runTrackerInvite(options, world);
  },
  async connect(link, options) {
    const [{ runConnect }, { systemWorld }] = await Promise.all([
      import('./commands/connect.ts'),
      import('./system.ts'),
    ]);
    return runConnect(link, options, systemWorld());
  },
  async trackerBackup(file, options) {
    const { runTrackerBackup, world, backupTools } = await backupParts();
    return runTrackerBackup(file, options, world, backupTools);
  },
  async trackerRestore(file, options) {
    const { runTrackerRestore, world, backupTools } = await backupParts();
    return runTrackerRestore(file, options, world, backupTools);
  },
  async peer(options) {
    const [{ runPeer }, { systemWorld, peerTools }] = await Promise.all([
      import('./commands/peer.ts'),
      import('./system.ts'),
    ]);
    return runPeer(options, systemWorld(), peerTools);
  },
  async demo(file, options) {
    const [{ runDemo }, { systemWorld }] = await Promise.all([
      import('./commands/demo.ts'),
      import('./system.ts'),
    ]);
    const program = [...process.execArgv, import.meta.filename];
    return runDemo(file, { ...options, program }, systemWorld());
  },
};

async function backupParts() {
  const [commands, { systemWorld, backupTools }] = await Promise.all([
    import('./commands/tracker-backup.ts'),
    import('./system.ts'),
  ]);
  return { ...commands, world: systemWorld(), backupTools };
}

async function identityParts() {
  const [commands, { systemWorld }] = await Promise.all([
    import('./commands/identity.ts'),
    import('./system.ts'),
  ]);
  return { ...commands, world: systemWorld() };
}

async function operatorParts() {
  const [commands, { systemWorld, operatorTools }] = await Promise.all([
    import('./commands/tracker-status.ts'),
    import('./system.ts'),
  ]);
  return { ...commands, world: systemWorld(), operatorTools };
}

hideArguments(process);
try {
  process.exitCode = await runProgram(process.argv.slice(2), {
    version: readVersion(),
    actions,
    writeOut: (text) => process.stdout.write(text),
    writeErr: (text) => process.stderr.write(text),
    outColumns: process.stdout.columns,
    errColumns: process.stderr.columns,
  });
} catch (error) {
  // A defect of ours: everything else is reported by the command itself.
  process.stderr.write(`${describeDefect(error)}\n`);
  process.exitCode = EXIT.failure;
}
setTimeout(() => process.exit(), LINGER_MS).unref();
// Node.js can spin for ever where it takes itself apart after some broken connections over TLS; process.exit() leaves that out.
process.once('exit', () => process.exit());
