/**
 * Everything that the command line has to say, as plain data: results of commands, events, progress, failures.
 *
 * Commands make reports and know nothing of terminals; a `Reporter` shows them. With `--json` these objects are what a
 * machine reads, one a line: their field names are described in JSON.md and do not change.
 */
import type { PickStrategyName } from '@minitorrent/peer';
import type { Freshness, MembershipResult } from './membership-reports.ts';

export interface GroupRow {
  readonly groupId: string;
  readonly members: number;
  readonly files: number;
  readonly standing: string;
}

export interface RequestRow {
  readonly groupId: string;
  readonly userId: string;
  readonly requestedAtMs: number;
  /** Which devices would be let in, for people to compare. */
  readonly deviceIds: readonly string[];
}

export interface FileRow {
  readonly name: string;
  readonly size: number;
  /** The BEP 52 pieces root, 64 hexadecimal digits. */
  readonly root: string;
  readonly sharedBy: string;
  /** Which device of theirs signed it; null where that is not proved. */
  readonly sharedByDevice: string | null;
  /** Whether it did. What is not signed cannot be downloaded. */
  readonly isSigned: boolean;
  readonly sharedAtMs: number;
  readonly seeders: number;
  readonly leechers: number;
}

export interface ShareRow {
  readonly groupId: string;
  readonly name: string;
  readonly size: number;
  readonly root: string;
  readonly path: string;
  readonly state: string;
  readonly uploadedBytes: number;
}

/** Where pieces of a download came from. */
export interface SourceRow {
  readonly userId: string;
  readonly address: string;
  readonly state: string;
  readonly pieces: number;
  readonly bytesPerSecond: number;
}

export interface DownloadRow {
  readonly groupId: string;
  readonly name: string;
  readonly path: string | null;
  readonly state: string;
  readonly totalBytes: number;
  readonly verifiedBytes: number;
  readonly totalPieces: number;
  readonly verifiedPieces: number;
  readonly resumedPieces: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
  readonly waitingFor: string | null;
  readonly peers: readonly SourceRow[];
}

export interface CommandHelp {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Each parameter and option with its explanation. */
  readonly details: readonly { readonly name: string; readonly summary: string }[];
}

/** What a command of the shell answers, by the command's name. */
export type CommandResult =
  | { readonly command: 'create_user'; readonly userId: string }
  | { readonly command: 'login'; readonly userId: string }
  | { readonly command: 'logout' }
  | { readonly command: 'create_group'; readonly groupId: string }
  | {
      readonly command: 'join_group';
      readonly groupId: string;
      readonly status: 'member' | 'requested';
      /** The one for which it was asked. */
      readonly deviceId: string;
    }
  | { readonly command: 'leave_group'; readonly groupId: string }
  | ({ readonly command: 'list_groups'; readonly groups: readonly GroupRow[] } & Freshness)
  | ({ readonly command: 'list_requests'; readonly requests: readonly RequestRow[] } & Freshness)
  | {
      readonly command: 'accept_request';
      readonly groupId: string;
      readonly userId: string;
      /** Further devices of the user who accepts. */
      readonly isOwn: boolean;
      /** Those that were let in. */
      readonly deviceIds: readonly string[];
    }
  | { readonly command: 'reject_request'; readonly groupId: string; readonly userId: string }
  | ({
      readonly command: 'list_file';
      readonly groupId: string;
      readonly files: readonly FileRow[];
    } & Freshness)
  | { readonly command: 'upload_file'; readonly share: ShareRow }
  | DownloadResult
  | { readonly command: 'cancel_download'; readonly groupId: string; readonly name: string }
  | { readonly command: 'show_downloads'; readonly downloads: readonly DownloadRow[] }
  | { readonly command: 'show_shares'; readonly shares: readonly ShareRow[] }
  | { readonly command: 'stop_share'; readonly groupId: string; readonly name: string }
  | { readonly command: 'help'; readonly commands: readonly CommandHelp[] }
  | { readonly command: 'quit' }
  | { readonly command: 'tracker_status'; readonly tracker: TrackerStatusRow }
  | { readonly command: 'tracker_promote'; readonly address: string }
  | ({ readonly command: 'tracker_backup' | 'tracker_restore' } & JournalCopy)
  /** The id is 32 hexadecimal digits; the register is in a folder, or in PostgreSQL. */
  | WitnessInitResult
  /** The id of the service whose data is in that folder. */
  | {
      readonly command: 'tracker_identity' | 'witness_identity';
      readonly deviceId: string;
      readonly dataFolder: string;
    }
  | { readonly command: 'tracker_invite'; readonly link: string; readonly trackers: readonly PlaceRow[] }
  | ConnectResult
  | MembershipResult
  | DemoResult;

/** Where somebody is, and which device that has to be. */
export interface PlaceRow {
  readonly address: string;
  readonly deviceId: string;
}

/** A link that was stored in place of the one before. */
export interface ConnectResult {
  readonly command: 'connect';
  readonly trackers: readonly PlaceRow[];
  readonly dataFolder: string;
  /** Addresses at which another device had to answer until then. */
  readonly changed: readonly string[];
}

/** A register that was made. `epoch` is 0 for a new cluster, and where the one before was for one in place of a lost one. */
export interface WitnessInitResult {
  readonly command: 'witness_init';
  readonly clusterId: string;
  readonly place: string;
  readonly epoch: number;
}

/** A copy of a tracker's journal: a file beside a data folder. */
export interface JournalCopy {
  readonly file: string;
  readonly dataFolder: string;
  /** Those that are kept one by one; what came before them is in a snapshot. */
  readonly entries: number;
  readonly headIndex: number;
  readonly bytes: number;
}

/** What a tracker is, alone or among others. Stores are named by 32 hexadecimal digits. */
export interface TrackerStatusRow {
  readonly address: string;
  readonly role: string;
  /** Why it is that, or why the cluster changed last. */
  readonly reason: string;
  readonly sinceMs: number;
  readonly storeId: string;
  /** 0 for a tracker that stands alone. */
  readonly epoch: number;
  readonly primary: string | null;
  readonly inSync: readonly string[];
  readonly headIndex: number;
  readonly acknowledgedIndex: number;
  /** `none`, `answers` or `silent`. */
  readonly witness: string;
  readonly others: readonly {
    readonly address: string;
    readonly storeId: string | null;
    readonly isInSync: boolean;
    /** Entries that it lacks; known to a primary. */
    readonly lag: number | null;
    readonly heardMsAgo: number | null;
  }[];
  readonly lastTakeover: { readonly epoch: number; readonly msAgo: number; readonly reason: string } | null;
  readonly faults: readonly { readonly msAgo: number; readonly reason: string }[];
}

/** `started`: it goes on in the background. `completed`: the file is at `path`; `seconds` is the time of this run. */
export interface DownloadResult {
  readonly command: 'download_file';
  readonly status: 'started' | 'completed';
  readonly strategy: PickStrategyName | null;
  readonly seconds: number;
  readonly download: DownloadRow;
  /** Who shared it, as a device of theirs signed; null where no tracker tells now. */
  readonly sharedBy: string | null;
  readonly sharedByDevice: string | null;
}

/** What the demonstration ends with. */
export interface DemoResult {
  readonly command: 'demo';
  /** True when every peer has the same bytes as the source. */
  readonly ok: boolean;
  readonly file: { readonly name: string; readonly size: number; readonly sha256: string };
  readonly sharedBy: string;
  readonly downloads: readonly DemoDownload[];
  /** What came of the loss of a tracker; null where none was lost. */
  readonly failover: FailoverResult | null;
}

/** A tracker was killed while others registered and downloaded. */
export interface FailoverResult {
  readonly killed: string;
  readonly successor: string;
  /** The longest time that somebody who registered had to wait. */
  readonly longestWaitSeconds: number;
  /** The longest time in which a download that was under way got no byte; exact to half a second. */
  readonly longestTransferPauseSeconds: number;
  /** From the start of the tracker that was killed until it had everything. */
  readonly backInSyncSeconds: number;
  /** Registrations that were answered, and those of them that were gone afterwards. */
  readonly acknowledged: number;
  readonly lost: number;
}

export interface DemoDownload {
  readonly userId: string;
  readonly seconds: number;
  readonly bytesPerSecond: number;
  readonly totalPieces: number;
  /** Pieces by the user they came from. */
  readonly piecesFrom: Readonly<Record<string, number>>;
  readonly sha256: string;
}

/** What happened without a command. */
export type CliEvent =
  | {
      readonly event: 'listening';
      readonly role: 'tracker' | 'peer' | 'witness';
      readonly address: string;
      /** As which it proves itself to whoever connects. */
      readonly deviceId: string;
      readonly dataFolder: string;
      /** The PostgreSQL that a tracker shares with others, without password. */
      readonly journal: string | null;
      readonly downloadFolder: string | null;
    }
  /** Metrics and health are served there, by HTTP. */
  | { readonly event: 'monitoring'; readonly address: string }
  /** What a tracker is in its cluster now, and why. */
  | { readonly event: 'role-changed'; readonly role: string; readonly epoch: number; readonly reason: string }
  /** Something that a person has to look at. */
  | { readonly event: 'fault'; readonly message: string }
  /** Nobody had told which device the tracker is; from now on it has to be this one. */
  | { readonly event: 'tracker-learned'; readonly address: string; readonly deviceId: string }
  | { readonly event: 'tracker-connected'; readonly address: string; readonly userId: string | null }
  | {
      readonly event: 'tracker-lost';
      readonly address: string;
      readonly reason: string;
      /** Null where it closed the connection in good order. */
      readonly code: string | null;
      /** What to do, where trying again will not do. */
      readonly advice: string | null;
    }
  /** A tracker lets the user in with the password alone. */
  | {
      readonly event: 'login-needed';
      readonly userId: string;
      readonly reason: string;
      readonly code: string;
    }
  /** The user was let in without a tracker. */
  | { readonly event: 'offline'; readonly userId: string }
  /** Which devices would be let in, for people to compare. */
  | {
      readonly event: 'join-request';
      readonly groupId: string;
      readonly userId: string;
      readonly deviceIds: readonly string[];
      /** Further devices of the user who is asked. */
      readonly isOwn: boolean;
    }
  /** This device is not let into a group of its user yet, and has asked to be. */
  | {
      readonly event: 'device-waiting';
      readonly groupId: string;
      readonly userId: string;
      readonly deviceId: string;
    }
  | { readonly event: 'membership-changed'; readonly groupId: string; readonly standing: string }
  /** A tracker says that a group has another founder than this device knows; it is not believed. */
  | {
      readonly event: 'wrong-group-key';
      readonly groupId: string;
      readonly reason: string;
      readonly code: string;
    }
  | { readonly event: 'download-started'; readonly groupId: string; readonly name: string }
  | {
      readonly event: 'download-completed';
      readonly groupId: string;
      readonly name: string;
      readonly path: string | null;
      readonly totalBytes: number;
    }
  | {
      readonly event: 'download-failed';
      readonly groupId: string;
      readonly name: string;
      readonly failure: Failure;
    }
  | {
      readonly event: 'peer-banned';
      readonly groupId: string;
      readonly name: string;
      readonly userId: string;
      readonly piece: number;
    }
  | {
      readonly event: 'share-changed';
      readonly groupId: string;
      readonly name: string;
      readonly path: string;
      readonly state: string;
    }
  | { readonly event: 'notice'; readonly message: string };

/** Something that takes a while, as it stands now. */
export type ProgressSample =
  | { readonly activity: 'download'; readonly download: DownloadRow }
  /** A download of one of the demonstration's peers. */
  | { readonly activity: 'demo-download'; readonly userId: string; readonly download: DownloadRow }
  | {
      readonly activity: 'hash';
      readonly groupId: string;
      readonly path: string;
      readonly hashedBytes: number;
      readonly totalBytes: number;
    };

/** A failure as users and machines see it. */
export interface Failure {
  /** Stable; null where nothing better is known than the message. */
  readonly code: string | null;
  readonly message: string;
  /** What to do next, where we know it. */
  readonly advice: string | null;
  /** How the command is written, where it was written wrongly. */
  readonly usage: string | null;
}

/** Which command of which input line a failure belongs to. */
export interface FailureOrigin {
  readonly command: string | null;
  /** Line of the script, from 1; null at a prompt. */
  readonly line: number | null;
}

/** One line of `--json`. */
export type JsonLine =
  | ({ readonly type: 'result' } & CommandResult)
  | ({ readonly type: 'event' } & CliEvent)
  | ({ readonly type: 'progress' } & ProgressSample)
  | ({ readonly type: 'error' } & Failure & FailureOrigin);

/** Shows reports to whoever reads them. */
export interface Reporter {
  result(result: CommandResult): void;
  event(event: CliEvent): void;
  failure(failure: Failure, origin: FailureOrigin): void;
  /** All that is going on now; called again and again, and with an empty list at the end. */
  progress(samples: readonly ProgressSample[]): void;
  /** How often progress should be shown. */
  readonly progressIntervalMs: number;
}
