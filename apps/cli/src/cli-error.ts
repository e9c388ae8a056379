/**
 * The error class of the command line, for what it refuses itself. Callers branch on `code`.
 */

/** Why the command line itself refused. */
export type CliErrorCode =
  /** Too few, too many or unknown arguments. */
  | 'bad_arguments'
  | 'unknown_command'
  /** A quote or a backslash with nothing behind it. */
  | 'unclosed_quote'
  | 'bad_address'
  /** No invitation link, or half of one. */
  | 'bad_link'
  /** Who has to answer at an address is not known. */
  | 'no_pin'
  /** The file that says which device each tracker is was damaged. */
  | 'known_trackers_corrupt'
  /** Not 32 hexadecimal digits. */
  | 'bad_cluster_id'
  | 'no_cluster_id'
  /** A tracker whose word is needed was not asked. */
  | 'tracker_missing'
  /** A cluster of one tracker. */
  | 'no_other_tracker'
  | 'bad_size'
  | 'bad_duration'
  | 'bad_count'
  /** No id on the list begins so, or several do. */
  | 'bad_id'
  /** A password was needed and the input had ended. */
  | 'no_password'
  | 'passwords_differ'
  /** The user's last device would be shut out, and with it everything that only it may do. */
  | 'only_device'
  /** No such download on this peer. */
  | 'unknown_download'
  /** Ctrl-C, or the end of the program. */
  | 'cancelled'
  /** A folder or device where a file is needed. */
  | 'not_a_file'
  | 'not_found'
  /** A folder cannot be made. */
  | 'folder_failed'
  /** A folder in which no tracker has its key. */
  | 'not_a_tracker'
  /** Where a tracker listens is not known. */
  | 'no_address'
  /** No address of a PostgreSQL. */
  | 'bad_postgres_url'
  /** PostgreSQL does not answer at all, or does not do what a journal needs. */
  | 'postgres_unreachable'
  | 'postgres_refused'
  | 'postgres_unfit'
  /** Metrics cannot be served at the address that was given. */
  | 'metrics_failed'
  /** A process of the demonstration ended early, was silent too long, or delivered a wrong file. */
  | 'process_ended'
  /** A process of the demonstration refused a command. */
  | 'command_failed'
  | 'timed_out'
  | 'files_differ'
  | 'changes_lost';

/** A failure of the command line with a stable `code`. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly code: CliErrorCode;
  /** How the command is written, for mistakes in writing it. */
  readonly usage: string | undefined;

  constructor(
    code: CliErrorCode,
    message: string,
    context?: { readonly cause?: unknown; readonly usage?: string },
  ) {
    super(message, context !== undefined && 'cause' in context ? { cause: context.cause } : undefined);
    this.code = code;
    this.usage = context?.usage;
  }
}
