/** From changes to the commands that decide about them. */
import type { TrackerLimits } from '../limits.ts';
import { changePassword, createUser, rehashPassword } from './accounts.ts';
import type { Change, SessionChange } from './change.ts';
import type { Command } from './command.ts';
import { bindDevice, requireInUse, revokeDevice } from './devices.ts';
import { shareFile, stopSharing } from './files.ts';
import { createGroup, leaveGroup } from './groups.ts';
import { createInvitation, joinByInvitation, revokeInvitation } from './invitations.ts';
import { acceptJoin, refuseJoin, requestJoin } from './joins.ts';
import { removeMember, setRole } from './members.ts';

/** What carries out `change`. Fails with `device_revoked`, `unknown_device` for a device that its user does not use now. */
export function commandOf(change: Change, limits: TrackerLimits): Command {
  const command = plainCommand(change, limits);
  return 'byDevice' in change ? onDeviceInUse(change, command) : command;
}

/** The tracker that the device is connected to may not know yet that it was revoked. */
function onDeviceInUse(change: SessionChange, { fingerprint, decide }: Command): Command {
  const userId = 'by' in change ? change.by : change.userId;
  return {
    fingerprint,
    decide: (state) => {
      requireInUse(state.users.get(userId), userId, change.byDevice);
      return decide(state);
    },
  };
}

function plainCommand(change: Change, limits: TrackerLimits): Command {
  switch (change.kind) {
    case 'create_user':
      return createUser(change);
    case 'rehash_password':
      return rehashPassword(change);
    case 'change_password':
      return changePassword(change);
    case 'bind_device':
      return bindDevice(change, limits);
    case 'revoke_device':
      return revokeDevice(change);
    case 'create_group':
      return createGroup(change, limits);
    case 'join_group':
      return joinCommand(change, limits);
    case 'leave_group':
      return leaveGroup(change);
    case 'accept_request':
      return acceptJoin(change, limits);
    case 'reject_request':
      return refuseJoin(change);
    case 'remove_member':
      return removeMember(change);
    case 'set_role':
      return setRole(change);
    case 'create_invitation':
      return createInvitation(change);
    case 'revoke_invitation':
      return revokeInvitation(change);
    case 'upload_file':
      return shareFile(change, limits);
    case 'stop_sharing':
      return stopSharing(change);
  }
}

function joinCommand(
  { proof, ...join }: Extract<Change, { readonly kind: 'join_group' }>,
  limits: TrackerLimits,
): Command {
  return proof === undefined ? requestJoin(join, limits) : joinByInvitation({ ...join, proof }, limits);
}
