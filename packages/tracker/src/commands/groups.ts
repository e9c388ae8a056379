/**
 * Commands that make and leave groups.
 *
 * A group always has an admin. So its last admin cannot leave the other members behind; as the only member they can, and
 * then the group ends with its files and waiting requests, and its name is free again.
 */
import { sameBytes } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import type { TrackerEvent } from '../events.ts';
import { adminsOf, requireGroup, requireMember } from '../guards.ts';
import type { TrackerLimits } from '../limits.ts';
import { checkProof, issuerProof } from '../membership/proof.ts';
import type { Group, TrackerState } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided } from './command.ts';
import { badProof, requireDevice, wordsOf } from './grants.ts';
import { requireRoomForGroup } from './joins.ts';

interface NewGroup {
  readonly groupId: string;
  readonly userId: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
  /** That of the device that asks; without one nobody can ever prove to be a member. */
  readonly proof?: Uint8Array | undefined;
}

/** A new group with `userId` as its admin; `group_exists`, `limit_reached`, `bad_proof`. */
export function createGroup(
  { proof, ...group }: NewGroup,
  limits: Pick<TrackerLimits, 'groupsPerUser'>,
): Command {
  const { groupId, userId, atMs } = group;
  return createCommand(['create_group', userId, groupId, ...wordsOf(proof)], (state) => {
    if (state.groups.has(groupId)) {
      throw new TrackerError(
        'group_exists',
        `There is a group ${groupId} already; join it, or choose another name`,
      );
    }
    requireRoomForGroup(state, userId, limits);
    const created = { kind: 'group_created', groupId, userId, atMs } as const;
    return proof === undefined
      ? decided(created)
      : decided(created, founderGrant(state, { ...group, proof }));
  });
}

/** `userId` is out, or no longer waits to be let in; `unknown_group`, `not_a_member`, `last_admin`. */
export function leaveGroup({ groupId, userId }: { groupId: string; userId: string }): Command {
  const leave = { groupId, userId };
  return createCommand(['leave_group', userId, groupId], (state) => {
    const group = requireGroup(state, groupId);
    // A member's request is about further devices, and ends with the membership.
    if (!group.members.has(userId) && group.joinRequests.has(userId))
      return decided({ ...leave, kind: 'join_withdrawn' });
    requireMember(group, userId);
    if (group.members.size === 1) {
      return decided({ ...leave, kind: 'member_left' }, { kind: 'group_deleted', groupId });
    }
    requireAnotherAdmin(group, userId);
    return decided({ ...leave, kind: 'member_left' });
  });
}

/** Nothing, or `last_admin` where the group would be without one. */
export function requireAnotherAdmin(group: Group, userId: string): void {
  if (adminsOf(group).some((admin) => admin !== userId)) return;
  const others = group.members.size - 1;
  throw new TrackerError(
    'last_admin',
    `${userId} is the only admin of ${group.groupId}, which has ${others} more ${others === 1 ? 'member' : 'members'}; ` +
      'make another member an admin first',
  );
}

function founderGrant(state: TrackerState, group: NewGroup & { readonly proof: Uint8Array }): TrackerEvent {
  const { groupId, userId, byDevice, atMs, proof } = group;
  // Before its signatures are checked, of which there could be sixteen.
  if (issuerProof(proof) !== undefined) throw badProof('it is not of a founder');
  const checked = checkProof(proof);
  if (!checked.isSound) throw badProof(checked.reason);
  const { member } = checked;
  if (member.groupId !== groupId) throw badProof(`it is of ${member.groupId} and not of ${groupId}`);
  if (member.userId !== userId) throw badProof(`it is of ${member.userId} and not of ${userId}`);
  if (!sameBytes(member.deviceId, byDevice)) throw badProof('it is of another device than the one that asks');
  if (member.notAfterMs <= atMs) throw badProof('it has expired');
  requireDevice(state, member);
  return { kind: 'device_granted', groupId, userId, deviceId: member.deviceId, proof };
}
