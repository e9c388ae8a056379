/**
 * Everything that the command line has to say, as plain data: results of commands, events, progress, failures.
 *
 * Commands make reports and know nothing of terminals; a `Reporter` shows them. With `--json` these objects are what a
 * machine reads, one a line: their field names are described in JSON.md and do not change.
 */
import type { DemoResult } from './demo-reports.ts';
import type { CliEvent, Failure, FailureOrigin } from './event-reports.ts';
import type { DownloadResult, DownloadRow, FileRow, ShareRow } from './file-reports.ts';
import type { Freshness, GroupRow, MembershipResult, RequestRow } from './membership-reports.ts';
import type {
  ConnectResult,
  JournalCopy,
  PlaceRow,
  TrackerStatusRow,
  WitnessInitResult,
} from './operator-reports.ts';

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
