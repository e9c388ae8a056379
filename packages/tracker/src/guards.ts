/**
 * The questions that commands and reads ask before anything else, each with the error that a user sees when the answer
 * is no. Only members learn what is in a group; that a group exists, everybody may know (`list_groups`).
 */
import { TrackerError } from './errors.ts';
import type { Group, JoinRequest, Member, SharedFile, TrackerState } from './model.ts';

/** The group, or `unknown_group`. */
export function requireGroup(state: TrackerState, groupId: string): Group {
  const group = state.groups.get(groupId);
  if (group !== undefined) return group;
  throw new TrackerError(
    'unknown_group',
    `There is no group ${groupId}; list_groups shows the groups there are`,
  );
}

/** The user's membership, or `not_a_member`. */
export function requireMember(group: Group, userId: string): Member {
  const member = group.members.get(userId);
  if (member !== undefined) return member;
  const { groupId } = group;
  if (group.joinRequests.has(userId)) {
    throw new TrackerError(
      'not_a_member',
      `${userId} is not yet a member of ${groupId}: the request waits for an admin`,
    );
  }
  throw new TrackerError(
    'not_a_member',
    `${userId} is not a member of ${groupId}; ask to join with join_group ${groupId}`,
  );
}

/** Nothing, or `not_a_member` or `not_an_admin`. */
export function requireAdmin(group: Group, userId: string): void {
  if (requireMember(group, userId).role === 'admin') return;
  const admins = adminsOf(group).join(', ');
  throw new TrackerError(
    'not_an_admin',
    `${userId} is not an admin of ${group.groupId}; ask one of its admins: ${admins}`,
  );
}

/** The waiting request, or `unknown_request`. */
export function requireJoinRequest(group: Group, userId: string): JoinRequest {
  const request = group.joinRequests.get(userId);
  if (request !== undefined) return request;
  throw new TrackerError(
    'unknown_request',
    `${userId} does not ask to join ${group.groupId}; list_requests shows who does`,
  );
}

/** The shared file, or `unknown_file`. */
export function requireFile(group: Group, name: string): SharedFile {
  const shared = group.files.get(name);
  if (shared !== undefined) return shared;
  throw new TrackerError(
    'unknown_file',
    `${group.groupId} has no file ${name}; list_file ${group.groupId} shows the files it has`,
  );
}

/** The ids of the admins of a group, at least one, in the order in which they became members. */
export function adminsOf(group: Group): readonly string[] {
  return [...group.members.values()]
    .filter((member) => member.role === 'admin')
    .map((member) => member.userId);
}
