/** Commands about who is in a group already: an admin removes members and changes what they are. */
import { TrackerError } from '../errors.ts';
import { requireGroup } from '../guards.ts';
import type { Role } from '../messages.ts';
import type { Group, Member } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided } from './command.ts';
import { type Asker, grantsBy, requireAdminDevice, wordsOf } from './grants.ts';
import { requireAnotherAdmin } from './groups.ts';

interface Removal extends Asker {
  readonly groupId: string;
  readonly userId: string;
  readonly atMs: number;
}

/**
 * `userId` is out, with all devices. Fails with `unknown_group`, `not_a_member`, `not_an_admin`, `not_admitted`,
 * `last_admin`.
 */
export function removeMember(removal: Removal): Command {
  const { groupId, userId, by, atMs } = removal;
  return createCommand(['remove_member', by, groupId, userId], (state) => {
    const group = requireGroup(state, groupId);
    requireAdminDevice(group, removal, atMs);
    requireOther(group, userId);
    requireAnotherAdmin(group, userId);
    return decided({ kind: 'member_removed', groupId, userId, by });
  });
}

export interface NewRole extends Asker {
  readonly groupId: string;
  readonly userId: string;
  readonly role: Role;
  readonly atMs: number;
  /** Of the user's devices: what is not in them is not in the group any more until it asks again. */
  readonly proofs?: readonly Uint8Array[] | undefined;
}

/**
 * `userId` is something else in the group; nothing where they are that already. Fails with `unknown_group`,
 * `not_a_member`, `not_an_admin`, `not_admitted`, `last_admin`, `bad_proof`, `group_changed`, `limit_reached`.
 */
export function setRole(change: NewRole): Command {
  const { groupId, userId, role, by, byDevice, atMs, proofs = [] } = change;
  return createCommand(['set_role', by, groupId, userId, role, ...wordsOf(...proofs)], (state) => {
    const group = requireGroup(state, groupId);
    requireAdminDevice(group, change, atMs);
    if (requireOther(group, userId).role === role) return decided();
    if (role === 'member') requireAnotherAdmin(group, userId);
    const grants = grantsBy(state, group, { userId, role, by, byDevice, atMs, proofs, replaces: true });
    return decided({ kind: 'role_changed', groupId, userId, role, by }, ...grants);
  });
}

/** The membership of somebody whom an admin names. */
function requireOther({ groupId, members }: Group, userId: string): Member {
  const member = members.get(userId);
  if (member !== undefined) return member;
  throw new TrackerError(
    'not_a_member',
    `${userId} is not a member of ${groupId}; list_members shows who is one`,
  );
}
