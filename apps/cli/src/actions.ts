/** What the command line leads to: one function a command. */
import type { ClusterUpOptions } from './commands/cluster-up.ts';
import type { ConnectOptions } from './commands/connect.ts';
import type { DemoCommandOptions } from './commands/demo.ts';
import type { IdentityOptions, InviteOptions } from './commands/identity.ts';
import type { PeerCommandOptions } from './commands/peer.ts';
import type { BackupCommandOptions } from './commands/tracker-backup.ts';
import type { TrackerCommandOptions } from './commands/tracker-settings.ts';
import type { OperatorCommandOptions } from './commands/tracker-status.ts';
import type { WitnessCommandOptions } from './commands/witness.ts';
import type { WitnessInitOptions } from './commands/witness-init.ts';
import type { ExitCode } from './failure.ts';

/** What each command does; answers the exit code. */
export interface Actions {
  tracker(options: TrackerCommandOptions): Promise<ExitCode>;
  trackerStatus(addresses: string, options: OperatorCommandOptions): Promise<ExitCode>;
  trackerPromote(address: string, options: OperatorCommandOptions): Promise<ExitCode>;
  trackerIdentity(options: IdentityOptions): Promise<ExitCode>;
  trackerInvite(options: InviteOptions): Promise<ExitCode>;
  trackerBackup(file: string, options: BackupCommandOptions): Promise<ExitCode>;
  trackerRestore(file: string, options: BackupCommandOptions): Promise<ExitCode>;
  witness(options: WitnessCommandOptions): Promise<ExitCode>;
  witnessInit(options: WitnessInitOptions): Promise<ExitCode>;
  witnessIdentity(options: IdentityOptions): Promise<ExitCode>;
  clusterUp(options: ClusterUpOptions): Promise<ExitCode>;
  connect(link: string, options: ConnectOptions): Promise<ExitCode>;
  peer(options: PeerCommandOptions): Promise<ExitCode>;
  demo(file: string | undefined, options: DemoCommandOptions): Promise<ExitCode>;
}
