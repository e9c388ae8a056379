/** What to do next after a failure where its code means something else, or more, for one command than for the others. */
import type { StoreErrorCode } from '@minitorrent/chunk-store';
import type { PeerErrorCode } from '@minitorrent/peer';
import type { RpcErrorCode } from '@minitorrent/rpc-core';
import type { TrackerErrorCode } from '@minitorrent/tracker';
import type { CliErrorCode } from './cli-error.ts';

/** Every code that there is: a name that is in no package does not compile. */
export type KnownCode =
  | CliErrorCode
  | PeerErrorCode
  | TrackerErrorCode
  | StoreErrorCode
  | RpcErrorCode
  | SystemCode;

/** What Node.js reports of the operating system. */
type SystemCode =
  | 'EACCES'
  | 'EADDRINUSE'
  | 'EADDRNOTAVAIL'
  | 'ECONNREFUSED'
  | 'ENOENT'
  | 'ENOSPC'
  | 'EPERM'
  | 'EROFS';

const NAME_CLUSTER =
  'name the id of its cluster with --cluster, or MINITORRENT_CLUSTER, or with --data the data folder of one of its trackers';

/** Where a code means something else for one command. */
export const ADVICE_FOR_COMMAND: { readonly [Key in `${string} ${KnownCode}`]?: string } = {
  'tracker status wrong_cluster': NAME_CLUSTER,
  'tracker promote wrong_cluster': NAME_CLUSTER,
  'witness init wrong_cluster': NAME_CLUSTER,
  'tracker wrong_cluster':
    'start it as before, with --join, --witness and the --cluster of this folder; or name another folder with --data',
  'tracker promote not_allowed':
    'nothing to promote: a tracker alone decides already; --join, when it is started, makes it one of several',
  'witness init not_found':
    'check --restored: it takes what the tracker has as --data; leave it out for a new cluster',
  'witness init tracker_missing':
    'start every tracker of the cluster and name them all with --from; if one is lost, run the other without a witness',
  'tracker backup journal_failed':
    'check --data, the folder of the tracker, and that the file can be written where it is to be',
  'tracker restore journal_failed':
    'check the path of the backup, and that the folder given with --data can be written to',
  'tracker restore journal_corrupt': 'take another backup: this file is none, or was damaged',
  'tracker restore locked': 'end the tracker that runs there, or name another folder with --data',
  'tracker restore target_exists': 'name another folder with --data, or move the journal there away first',
  'cluster up process_ended':
    'look at the reason; where an address is in use, name another one with --listen, and another folder with --data',
  'tracker status connect_failed': 'start it where it does not run; else check the address and the network',
  'tracker promote connect_failed': 'only a tracker that runs can be promoted; check the address',
  'peer wrong_identity':
    'ask whoever runs the tracker: if it is a new device, minitorrent connect <new link>; if not, do not go on',
  'tracker status wrong_identity':
    'ask there: minitorrent tracker identity; if it is right, write host:port#ID',
  'tracker promote wrong_identity':
    'ask there: minitorrent tracker identity; if it is right, write host:port#ID',
  'peer connect_failed':
    'start the tracker, or check the address: the first time it has to answer; --tracker host:port#ID goes on without',
  'tracker journal_failed': 'check the disk, and that the folder can be written to; --data names another',
  'download_file not_found':
    'check the folder for downloads: --to <folder>, or --downloads of minitorrent peer',
  'download_file locked': 'it is downloaded or served from there already: show_downloads, show_shares',
  'upload_file file_exists':
    'nothing to do, if it is yours; if not, rename your file: list_file shows the one that is there',
  'device revoke unknown_device': 'device list shows your devices',
  'make_admin not_a_member': 'list_members shows who is in the group',
  'unmake_admin not_a_member': 'list_members shows who is in the group',
  'remove_member not_a_member': 'list_members shows who is in the group',
  'remove_member not_allowed': 'leave_group takes you out',
  'invite limit_reached': 'take fewer --uses, or revoke_invitation those that nobody needs',
  'change_password wrong_password': 'give the present password first, then twice the new one',
  'revoke_invitation unknown_invitation':
    'nothing to do: list_invitations shows those that can still be used',
  'upload_file bad_name': 'rename the file, then share it: 1 to 255 bytes, no control characters',
};
