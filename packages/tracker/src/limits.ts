/**
 * Every limit and duration of a tracker, each with its reason. `createTracker` takes any of them as an option.
 *
 * What bounds a single message lies in `message-limits.ts`, because a peer needs that too; what bounds any connection,
 * in rpc-core.
 */
import { MESSAGE_LIMITS } from './message-limits.ts';

export interface TrackerLimits {
  /** Shortest password, in characters (NIST SP 800-63B asks for 8; 12 puts a stolen hash out of reach of guessing). */
  readonly passwordCharacters: number;
  /** argon2id memory in KiB: the least that OWASP allows with two passes. A hash made with less is made again at login. */
  readonly argon2MemoryKib: number;
  readonly argon2Passes: number;
  /** Hashes at a time: each holds a thread of libuv's four for some 40 ms, and the disk needs the others. */
  readonly passwordsAtOnce: number;
  /** Hashes that wait: 64 at two a time is an answer within 2 s; beyond that `busy` is the kinder one. */
  readonly passwordsQueued: number;

  /** Failed logins of one account in an hour; a guesser gets 240 a day. */
  readonly failedLoginsPerAccount: number;
  /** Failed logins from one address in an hour; more, because a household or an office may share an address. */
  readonly failedLoginsPerAddress: number;
  /** Failures of an account that cost no wait: people mistype. */
  readonly freeLoginFailures: number;
  /** The wait after the first failure beyond the free ones; it doubles with each further one. */
  readonly loginDelayMs: number;
  /** The longest wait, so that no account is locked for good. */
  readonly maxLoginDelayMs: number;
  /** Accounts and addresses whose failures are remembered: about 10 MB at worst. */
  readonly trackedLogins: number;

  /** Devices of one user that are not revoked: what one `list_devices` answer can name beside the revoked ones. */
  readonly devicesPerUser: number;
  /** Sessions resumed per second from one address: they cost next to nothing, and nobody guesses a key. */
  readonly resumesPerSecond: number;
  /** Sessions resumed at once from one address: after a failover a whole office comes back. */
  readonly resumeBurst: number;

  /** Groups of one user: what one login answer can name. */
  readonly groupsPerUser: number;
  /** Join requests of one user that wait, in all groups. */
  readonly waitingRequestsPerUser: number;
  /** Join requests of one group that wait: what one `list_requests` answer can name. */
  readonly waitingRequestsPerGroup: number;
  /** Files of one group. */
  readonly filesPerGroup: number;

  /** Writes that are decided and not yet durable: a second of them at full load; beyond that `busy`. */
  readonly pendingWrites: number;

  /** A device that does not announce for this long is gone; three announces may be lost. */
  readonly presenceTtlMs: number;
  /** How long the files of a lost connection are still offered: time to come back, and no longer. */
  readonly lostConnectionTtlMs: number;
  /** What a peer is told to wait between announces. */
  readonly announceIntervalMs: number;
  /** Files that one device may offer. */
  readonly filesPerDevice: number;
  /** Devices whose files are remembered: with one file each some 170 MiB. */
  readonly devices: number;
  /** Announces per second and device, and how many may come at once after a pause. */
  readonly announcesPerSecond: number;
  readonly announceBurst: number;

  /** How long `join_group` waits for an admin who is online before it answers `requested`: a person notices longer. */
  readonly joinAnswerMs: number;
  /** How long an admin's peer may think about one `peer_authentication`; after that the request just goes on waiting. */
  readonly askAdminMs: number;
  /** Requests put to one admin's peer at a time, of the 64 calls that a connection may have in flight. */
  readonly questionsAtOnce: number;
  /** How long a peer may take to acknowledge `make_file` or `membership_changed`. */
  readonly callbackMs: number;

  /** Connections of one device that have logged in: one in use, others on their way out. */
  readonly connectionsPerDevice: number;
}

export const DEFAULT_LIMITS: TrackerLimits = {
  passwordCharacters: 12,
  argon2MemoryKib: 19 * 1024,
  argon2Passes: 2,
  passwordsAtOnce: 2,
  passwordsQueued: 64,

  failedLoginsPerAccount: 10,
  failedLoginsPerAddress: 30,
  freeLoginFailures: 3,
  loginDelayMs: 1_000,
  maxLoginDelayMs: 5 * 60_000,
  trackedLogins: 100_000,

  devicesPerUser: 64,
  resumesPerSecond: 100,
  resumeBurst: 2_000,

  groupsPerUser: 500,
  waitingRequestsPerUser: 100,
  waitingRequestsPerGroup: 400,
  filesPerGroup: 100_000,

  pendingWrites: 4_096,

  presenceTtlMs: 10 * 60_000,
  lostConnectionTtlMs: 30_000,
  announceIntervalMs: 3 * 60_000,
  filesPerDevice: 10_000,
  devices: 1_000_000,
  announcesPerSecond: 1,
  announceBurst: 10,

  joinAnswerMs: 2_000,
  askAdminMs: 60_000,
  questionsAtOnce: 16,
  callbackMs: 30_000,

  connectionsPerDevice: 4,
};

/**
 * The defaults with `limits` over them. Throws a RangeError for a number that makes no sense, and for more groups
 * or devices of a user than an answer can name.
 */
export function resolveLimits(limits: Partial<TrackerLimits> = {}): TrackerLimits {
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isFinite(value) && value >= 0) continue;
    throw new RangeError(`Cannot set limits.${name} to ${value}: expected a number, at least 0`);
  }
  const resolved = { ...DEFAULT_LIMITS, ...limits };
  for (const [name, most] of Object.entries(ONE_ANSWER)) {
    const limit = resolved[name as keyof typeof ONE_ANSWER];
    if (limit > most) throw new RangeError(`Cannot set limits.${name} to ${limit}: expected at most ${most}`);
  }
  return resolved;
}

/** What one answer has to hold. */
const ONE_ANSWER = {
  groupsPerUser: MESSAGE_LIMITS.groupsPerPage,
  devicesPerUser: MESSAGE_LIMITS.devicesPerUser,
} as const;

/**
 * Write request ids whose answers are remembered, oldest forgotten first. Not an option: it decides what a replay of the
 * journal leads to, so it must be the same for every tracker of a cluster and for ever. At 500 writes/s a client may try
 * again for two minutes.
 */
export const REMEMBERED_REQUESTS: 65_536 = 65_536;

/**
 * Revocations of one group that are remembered, oldest forgotten first: less than a megabyte, and more than most groups ever
 * have. As `REMEMBERED_REQUESTS`, no option. What is forgotten makes no old grant good: see `Group.forgottenEpoch`.
 */
export const REMEMBERED_REVOCATIONS: 4_096 = 4_096;
