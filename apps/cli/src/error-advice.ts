/**
 * What to do next after a failure, by its code: the one table, but for what means something else to one command. Where a code
 * is not here, the message itself may say it, behind a semicolon; what stands here is said instead. The codes are those of the
 * packages below and of the operating system; none is ever renamed.
 */
import type { PeerErrorCode } from '@minitorrent/peer';
import type { RpcErrorCode } from '@minitorrent/rpc-core';
import type { TrackerErrorCode } from '@minitorrent/tracker';
import { ADVICE_FOR_COMMAND, type KnownCode } from './error-advice-for-commands.ts';

const UNWRITABLE =
  'the folder is read-only or not yours: make it writable, or name another with --data, --downloads or --to';

/** Of every code that a tracker, a peer or a connection gives; null where the message itself says it best, or nobody can do anything. */
type PackageCode = PeerErrorCode | TrackerErrorCode | RpcErrorCode;

const SAME_VERSION =
  'use the same version of minitorrent on both sides; if they are, look at the log of the other side';
const BEHIND =
  'tracker status on all trackers shows which one is in sync; the other one can be started with an empty folder';
const SLOW = 'check the network: it is slow or cuts connections; what was under way is tried again';

const ADVICE: { readonly [Code in PackageCode]: string | null } & {
  readonly [Code in Exclude<KnownCode, PackageCode>]?: string;
} = {
  // Accounts
  already_logged_in: 'logout first',
  not_logged_in: 'login <userid>, or create_user <userid> if you are new',
  user_exists: 'choose another name, or login if it is yours',
  weak_password: 'choose a longer one: at least 12 characters, any you like',
  wrong_password: 'check the user name and the password; create_user registers a new user',
  passwords_differ: 'try again',
  // The message says how long to wait.
  too_many_attempts: null,
  device_revoked:
    'device list on another one shows which are in use; a new data folder (--data) makes a new device of this one',
  unknown_device: 'device list shows your devices; on a new one, login with the password once',
  only_device:
    'log in on another device first, and let it into your groups with accept_request here; logout leaves this one',
  no_password: 'put the password behind the user name, or on the next line of the input',

  // Groups
  already_member: 'nothing to do: list_groups shows what you are in each group',
  group_exists: 'choose another name, or join_group to ask its admin',
  group_changed: 'try again: somebody joined or left in the same moment',
  not_admitted:
    'join_group, if you are not a member; if you are, accept_request on another device of yours, or ask an admin to do it',
  bad_proof:
    'ask an admin to let you in again, by accept_request or invite; if it persists, the tracker may be altered',
  wrong_group_key:
    'compare the key that list_members shows with other members; if the group was made anew, leave_group and join again',
  unknown_invitation: 'ask for a new one: it was used up or revoked, or is for another group',
  invitation_expired: 'ask for a new one',
  bad_invitation: 'copy the whole code again, from the first to the last character, or ask for a new one',
  own_invitation: 'join_group without the code; another device of yours, or an admin, then lets this one in',
  join_refused: 'talk to an admin of the group',
  last_admin: 'a group needs an admin: make_admin somebody else first',
  not_a_member:
    'join_group <groupid> and wait until an admin has accepted you, or use the code of an invitation',
  removed_from_group:
    'ask an admin of the group why, and to be let in again: join_group; the download then goes on from what is on the disk',
  not_an_admin: 'ask an admin of the group; list_groups shows where you are one',
  unknown_group: 'list_groups shows all groups; create_group makes a new one',
  unknown_request: 'list_requests shows who is waiting',

  // Files
  already_downloading: 'show_downloads tells how far it is; cancel_download stops it',
  already_here: 'show_shares lists it; stop_share it first to download it again',
  already_exists: 'add --overwrite to replace the file, or --to <folder> to put the new one elsewhere',
  corrupt_piece: 'download the file again: what is on the disk was damaged',
  io_failed:
    'check the disk, and that the folder can be written to; --data, --downloads or --to name another',
  disk_full: 'make room on the disk; what was verified is kept, and the download goes on from there',
  file_exists: 'add --overwrite to replace the file, or --to <folder> to put the new one elsewhere',
  file_not_found: 'check the path; the Tab key completes it',
  no_description: 'try again; if it persists, the tracker cannot reach this peer',
  not_a_file: 'give the path of a regular file, not of a folder or a link',
  not_found: 'check the path; the Tab key completes it',
  not_shared_here: 'show_shares lists what you share',
  not_the_sharer: 'only the user who shared a file can take it out of the group',
  source_changed: 'stop_share it and share it again, if the new content is the one you mean',
  unknown_download: 'show_downloads lists what is under way',
  bad_signature:
    'do not trust it: a tracker may have made it up; ask whoever shared it to share it again, and compare the group’s key',
  unknown_file: 'list_file <groupid> shows the files of the group',
  wrong_size: 'leave the size out, or check that this is the file you mean',
  bad_name:
    'users and groups: 1 to 64 bytes without white space; files: 1 to 255 bytes without slashes, control characters or device names',

  // Trackers and connections
  busy: 'wait a moment and try again',
  connect_failed:
    'check the address (--tracker host:port) and that a tracker runs there: minitorrent tracker',
  connection_lost: 'check with list_groups or list_file whether it was carried out, then try again',
  deadline_exceeded: 'try again; check the network if it persists',
  limit_reached: 'remove something you no longer need; the message names the limit',
  rate_limited: 'wait a moment and try again',
  // What ended by itself or by the user.
  cancelled: null,
  closed: null,
  request_id_reused: 'try again; check with a list what was carried out',
  // The message says who may.
  not_allowed: null,
  // The message says what to repair, or which other name to take.
  read_only: null,
  target_exists: null,
  wrong_cluster: null,
  compacted: BEHIND,
  diverged: BEHIND,
  bad_request: SAME_VERSION,
  bad_response: SAME_VERSION,
  bad_envelope: SAME_VERSION,
  unexpected_frame: SAME_VERSION,
  bad_call_id: SAME_VERSION,
  unknown_call: SAME_VERSION,
  credit_exceeded: SAME_VERSION,
  idle_timeout: SLOW,
  frame_too_slow: SLOW,
  output_overflow: SLOW,
  receive_overflow: SLOW,
  drain_timeout: SLOW,
  tracker_unreachable:
    'the tracker may be down, or the address wrong: check --tracker host:port; minitorrent tracker runs one',
  no_primary: 'wait a moment and try again; lists and downloads still work',
  not_primary:
    'name all trackers of the cluster, so that the others are asked, too: --tracker host:port,host:port',
  store_copied:
    'use another tracker; whoever runs this one stops one of the two, gives it an empty folder (--data), and starts both again',
  foreign_data: 'name an empty folder with --data to join the cluster; what this one has can only begin one',
  unimplemented: 'the tracker is older than this program: update it',
  version_mismatch: 'use the same version of minitorrent on both sides',
  internal: 'try again; the log of the tracker or peer that failed tells more',

  bad_frame: 'check that a tracker or peer of minitorrent listens at this address',
  bad_hello: 'check that a tracker or peer of minitorrent listens at this address',
  connect_timeout: 'check the address and the network; a firewall may be in the way',
  handshake_failed:
    'check the address, and that a tracker or peer of minitorrent listens there, of a version that encrypts',
  wrong_device: 'use the same version of minitorrent on both sides: a device logs in as itself alone',
  handshake_timeout: 'check that a tracker or peer of minitorrent listens at this address',
  wrong_identity:
    'check the address, and the id behind # with whoever runs the other side; do not go on while they differ',
  no_pin: 'add the id, as in host:port#ID: minitorrent tracker identity, or witness identity, tells it there',
  bad_link: 'copy the whole link again, from minitorrent:// to the last character, or ask for a new one',
  bad_device_id: 'copy it again, or compare it group by group with the one you were given',
  too_many_calls: 'wait until something that runs is done',
  unconfirmed: 'check with list_groups or list_file whether it was carried out, then try again',
  journal_failed: 'tell whoever runs the tracker: its disk refuses to be written',

  // Starting
  data_folder_in_use: 'another process uses this data folder: end it, or choose another with --data',
  locked: 'another process uses it: end it, or choose another data folder with --data',
  journal_corrupt: 'restore the tracker’s data folder from a backup',
  no_register: 'minitorrent witness init makes it, once for a cluster; if it was made before, check --data',
  register_corrupt:
    'never bring an older copy back; move it away and make a new one: minitorrent witness init --cluster <id>',
  register_exists:
    'minitorrent witness starts it; the witness of another cluster needs another folder: --data',
  register_failed: 'check the disk of the witness, and that its folder can be written to',
  register_too_new: 'use the version of minitorrent that wrote it, or a later one',
  folder_failed: 'name a folder that can be made and written to, with --data or --downloads',
  not_a_tracker:
    'name the data folder of a tracker with --data; minitorrent tracker makes one when it starts for the first time',
  no_address:
    'start it, minitorrent tracker, or name the address at which peers reach it: --address host:port',
  known_trackers_corrupt:
    'restore the file, or remove it and store the invitation link again: minitorrent connect',
  identity_corrupt:
    'restore identity.pem from its copy; without one remove it, and tell all who know this device its new id',
  identity_exposed:
    'chmod 600 the file; if others may have read it, remove it, and tell all who know this device its new id',
  identity_failed: 'check the disk, and that the folder can be written to; --data names another',
  listen_failed: 'choose another address or port with --listen; port 0 takes any free one',
  postgres_unreachable: 'check that PostgreSQL runs there, and the address; a firewall may be in the way',
  postgres_refused:
    'check user, password and database in the address (--journal, --witness or --postgres), and what the user may do there',
  metrics_failed: 'choose another address or port with --metrics; port 0 takes any free one',
  EADDRINUSE: 'choose another port with --listen; port 0 takes any free one',
  EADDRNOTAVAIL: 'choose an address of this machine with --listen',
  EACCES: UNWRITABLE,
  EPERM: UNWRITABLE,
  ENOENT: 'check the path, and the folders given with --data, --downloads or --to',
  ENOSPC: 'make room on the disk',
  EROFS: UNWRITABLE,
  ECONNREFUSED: 'check the address and that a tracker runs there: minitorrent tracker',

  // Writing commands
  unknown_command: 'help shows all commands',
  unclosed_quote: 'close it, or put a backslash before a quote that belongs to a name',
  bad_cluster_id:
    'copy the whole id behind --cluster; minitorrent witness init tells it; any 32 hexadecimal digits make a new one',
  tracker_missing:
    'start every tracker of the cluster and name them all; if one is lost, run the other without a witness',
  no_other_tracker: 'leave --witness, --cluster and MINITORRENT_CLUSTER out to run one tracker alone',
  bad_postgres_url: 'write postgres://user:password@host:port/database',
  bad_duration: 'write a number with its unit, as in 90s, 30min, 12h or 7d; 0 is none',
  bad_count: 'write a whole number, as in --uses 5',
  bad_id:
    'copy it from the list (device list, list_invitations), and write more of it where several begin so',
  bad_address: 'write host:port, as in 127.0.0.1:7700 or [::1]:7700',
};

/** What to do next; null where nothing is known. `command` is the shell's command that failed, if any did. */
export function adviceFor(code: string, command?: string): string | null {
  return lookUp(ADVICE_FOR_COMMAND, `${command} ${code}`) ?? lookUp(ADVICE, code) ?? null;
}

/** A code comes from outside: it may be the name of anything. */
function lookUp(
  table: Readonly<Record<string, string | null | undefined>>,
  key: string,
): string | null | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
