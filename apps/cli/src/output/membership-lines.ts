/** What people are told of devices, members and invitations. Pure; every value that is not ours is escaped. */
import { quoteWord } from '../shell/tokenize.ts';
import type {
  DevicesResult,
  InvitationsResult,
  InviteResult,
  MembershipResult,
  MembersResult,
} from './membership-reports.ts';
import { formatTime } from './quantities.ts';
import { devicesNamed, shortId, shortIds } from './short-id.ts';
import { formatTable } from './table.ts';
import { safe } from './terminal-text.ts';

/** The lines that answer such a command; tables in at most `room` terminal columns. */
export function membershipLines(result: MembershipResult, room: number): string[] {
  switch (result.command) {
    case 'change_password':
      return ['Changed the password. Your other devices stay logged in'];
    case 'device_list':
      return deviceLines(result, room);
    case 'device_revoke':
      return [safe`Revoked ${shortId(result.deviceId)}: it is out of all groups, and can never log in again`];
    case 'list_members':
      return memberLines(result, room);
    case 'remove_member':
      return [
        safe`${result.userId} is no longer a member of ${result.groupId}`,
        ...(result.openInvitations === 0
          ? []
          : [
              safe`Whoever knows the code of an invitation can come back: ${result.openInvitations} can still be used, see list_invitations and revoke_invitation`,
            ]),
      ];
    case 'make_admin':
      return [
        safe`${result.userId} is an admin of ${result.groupId} now, on ${devicesNamed(result.deviceIds)}`,
      ];
    case 'unmake_admin':
      return [
        safe`${result.userId} is no longer an admin of ${result.groupId}, but still a member, on ${devicesNamed(result.deviceIds)}`,
      ];
    case 'invite':
      return inviteLines(result);
    case 'list_invitations':
      return invitationLines(result, room);
    case 'revoke_invitation':
      return [safe`Nobody joins ${result.groupId} by that invitation any more`];
  }
}

/** What somebody is in a group from now on, as a change of what they were. */
export function standingLine({
  groupId,
  standing,
  was,
}: {
  readonly groupId: string;
  readonly standing: string;
  readonly was: string | null;
}): string {
  if (standing === was) return safe`You are ${nounOf(standing)} of ${groupId}, as before`;
  switch (standing) {
    case 'member':
      return was === 'admin'
        ? safe`You are no longer an admin of ${groupId}, but still a member`
        : safe`You are now a member of ${groupId}. Next: list_file ${groupId}`;
    case 'admin':
      return safe`You are now an admin of ${groupId}: you decide who is in it`;
    case 'refused':
      return safe`An admin refused your request to join ${groupId}`;
    default:
      return was === null
        ? safe`You are no longer a member of ${groupId}`
        : safe`You are no longer a member of ${groupId}: an admin removed you, or you left it on another device. What you have downloaded stays`;
  }
}

function nounOf(standing: string): string {
  return standing === 'admin' ? 'an admin' : 'a member';
}

function deviceLines({ devices }: DevicesResult, room: number): string[] {
  return formatTable(
    [{ title: 'DEVICE' }, { title: 'NAME' }, { title: 'SINCE (UTC)', sparable: 1 }, { title: 'STATE' }],
    devices.map(({ deviceId, name, boundAtMs, isOnline, isRevoked, isThis }) => [
      shortId(deviceId),
      name,
      formatTime(boundAtMs),
      `${isRevoked ? 'revoked' : isOnline ? 'online' : 'offline'}${isThis ? ', this one' : ''}`,
    ]),
    room,
  );
}

function memberLines({ members, groupId, groupKey }: MembersResult, room: number): string[] {
  const table = formatTable(
    [{ title: 'USER' }, { title: 'ROLE' }, { title: 'SINCE (UTC)', sparable: 1 }, { title: 'DEVICES' }],
    members.map(({ userId, role, sinceMs, deviceIds }) => [
      userId,
      role,
      formatTime(sinceMs),
      deviceIds.length === 0 ? 'none is let in' : shortIds(deviceIds),
    ]),
    room,
  );
  if (groupKey === null)
    return [...table, safe`This device is not let into ${groupId} yet, and knows no key of it`];
  return [...table, safe`The key of ${groupId}, which all its members see alike:`, safe`  ${groupKey}`];
}

function inviteLines({ groupId, code, inviteId, expiresAtMs, maxUses }: InviteResult): string[] {
  const who = maxUses === 1 ? 'Whoever has this code first' : `The first ${maxUses} who have this code`;
  const ends = formatTime(expiresAtMs);
  return [
    safe`${who} can join ${groupId} by it, until ${ends} UTC:`,
    '',
    safe`  ${code}`,
    '',
    'It is as secret as a password, and shown only now.',
    safe`It is used so: join_group ${quoteWord(groupId)} ${code}`,
    safe`It ends early by: revoke_invitation ${quoteWord(groupId)} ${shortId(inviteId)}`,
  ];
}

function invitationLines({ invitations, groupId }: InvitationsResult, room: number): string[] {
  if (invitations.length === 0)
    return [safe`No invitations to ${groupId} can be used now. Next: invite ${quoteWord(groupId)}`];
  return formatTable(
    [
      { title: 'INVITATION' },
      { title: 'BY' },
      { title: 'USED' },
      { title: 'MADE AT (UTC)', sparable: 1 },
      { title: 'GOOD UNTIL (UTC)' },
    ],
    invitations.map(({ inviteId, invitedBy, uses, maxUses, createdAtMs, expiresAtMs }) => [
      shortId(inviteId),
      invitedBy,
      `${uses} of ${maxUses}`,
      formatTime(createdAtMs),
      formatTime(expiresAtMs),
    ]),
    room,
  );
}
