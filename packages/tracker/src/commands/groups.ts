/**
 * Commands that make and leave groups.
 *
 * A group always has an admin. So its last admin cannot leave the other members behind; as the only member they can, and
 * then the group ends with its files and waiting requests, and its name is free again.
 */
import { TrackerError } from '../errors.ts';
import { adminsOf, requireGroup, requireMember } from '../guards.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Group } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided } from './command.ts';
import { requireRoomForGroup } from './joins.ts';

/** A new group with `userId` as its admin; `group_exists`, `limit_reached`. */
export function createGroup(
  group: { groupId: string; userId: string; atMs: number },
  limits: Pick<TrackerLimits, 'groupsPerUser'>,
): Command {
  const { groupId, userId } = group;
  return createCommand(['create_group', userId, groupId], (state) => {
    if (state.groups.has(groupId)) {
      throw new TrackerError(
        'group_exists',
        `There is a group ${groupId} already; join it, or choose another name`,
      );
    }
    requireRoomForGroup(state, userId, limits);
    return decided({ ...group, kind: 'group_created' });
  });
}

/** `userId` is out, or no longer waits to be let in; `unknown_group`, `not_a_member`, `last_admin`. */
export function leaveGroup(leave: { groupId: string; userId: string }): Command {
  const { groupId, userId } = leave;
  return createCommand(['leave_group', userId, groupId], (state) => {
    const group = requireGroup(state, groupId);
    if (group.joinRequests.has(userId)) return decided({ ...leave, kind: 'join_withdrawn' });
    requireMember(group, userId);
    if (group.members.size === 1) {
      return decided({ ...leave, kind: 'member_left' }, { kind: 'group_deleted', groupId });
    }
    requireAnotherAdmin(group, userId);
    return decided({ ...leave, kind: 'member_left' });
  });
}

function requireAnotherAdmin(group: Group, userId: string): void {
  if (adminsOf(group).some((admin) => admin !== userId)) return;
  const others = group.members.size - 1;
  throw new TrackerError(
    'last_admin',
    `${userId} is the only admin of ${group.groupId}, which has ${others} more ${others === 1 ? 'member' : 'members'}; ` +
      'the last admin can leave when no other member is left',
  );
}
