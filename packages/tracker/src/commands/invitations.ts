/** Commands about invitations: what an admin grants to the key in a code, and whom that key lets in. */
import { sameBytes } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import type { TrackerEvent } from '../events.ts';
import { requireGroup } from '../guards.ts';
import { toHex } from '../hex.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Grant } from '../membership/grant.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { Group, Invitation } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided } from './command.ts';
import {
  type Asker,
  badProof,
  goesOnFrom,
  requireAdminDevice,
  requireDevice,
  requireGrant,
  requireOwnProof,
  requireSound,
  wordsOf,
} from './grants.ts';
import { type Join, requireOutside, requireRoomForGroup } from './joins.ts';

/** Invitations that are over and leave with a new one: as many as an entry holds beside it, and more than come. */
const SWEPT_AT_ONCE = 16;

export interface NewInvitation extends Asker {
  readonly groupId: string;
  /** Ends in the grant to the invitation's key. */
  readonly proof: Uint8Array;
  readonly maxUses: number;
  readonly atMs: number;
}

/**
 * Whoever has the code can join. Fails with `unknown_group`, `not_a_member`, `not_an_admin`, `not_admitted`, `bad_proof`,
 * `group_changed`, `limit_reached`.
 */
export function createInvitation(invitation: NewInvitation): Command {
  const { groupId, proof, maxUses, by, atMs } = invitation;
  const words = ['create_invitation', by, groupId, `${maxUses}`, ...wordsOf(proof)];
  return createCommand(words, (state) => {
    const group = requireGroup(state, groupId);
    requireAdminDevice(group, invitation, atMs);
    requireOwnProof(group, invitation, proof);
    const { member } = requireSound(group, proof);
    requireGrant(group, member, { userId: by, role: 'invite', atMs });
    const inviteId = member.deviceId;
    if (group.invitations.has(toHex(inviteId)))
      throw badProof('there is an invitation with this key already');
    requireUses(maxUses);
    const swept = sweep(group, atMs);
    requireRoom(group, swept.length);
    const expiresAtMs = member.notAfterMs;
    const created = { groupId, inviteId, proof, maxUses, expiresAtMs, by, atMs };
    return decided(...swept, { kind: 'invitation_created', ...created });
  });
}

interface InvitationEnd extends Asker {
  readonly groupId: string;
  readonly inviteId: Uint8Array;
  readonly atMs: number;
}

/**
 * Nobody joins by it any more. Fails with `unknown_group`, `not_a_member`, `not_an_admin`, `not_admitted`,
 * `unknown_invitation`.
 */
export function revokeInvitation(revoke: InvitationEnd): Command {
  const { groupId, inviteId, by, atMs } = revoke;
  return createCommand(['revoke_invitation', by, groupId, toHex(inviteId)], (state) => {
    const group = requireGroup(state, groupId);
    requireAdminDevice(group, revoke, atMs);
    requireInvitation(group, inviteId);
    return decided({ kind: 'invitation_revoked', groupId, inviteId });
  });
}

/**
 * `userId` becomes a member by an invitation, at once; or one of a member's devices comes in by it. Fails with
 * `unknown_group`, `already_member`, `unknown_invitation`, `invitation_expired`, `bad_proof`, `group_changed`,
 * `limit_reached`.
 */
export function joinByInvitation(
  join: Join & { readonly proof: Uint8Array },
  limits: Pick<TrackerLimits, 'groupsPerUser'>,
): Command {
  const { groupId, userId, byDevice, atMs, proof } = join;
  return createCommand(['join_group', userId, groupId, ...wordsOf(proof)], (state) => {
    const group = requireGroup(state, groupId);
    const isMember = group.members.has(userId);
    const { grants, member } = requireSound(group, proof);
    if (!sameBytes(member.deviceId, byDevice))
      throw badProof('it is of another device than the one that asks');
    requireOutside(group, join);
    if (!isMember) requireRoomForGroup(state, userId, limits);
    const invitation = requireUsable(group, inviterOf(grants), atMs);
    if (!goesOnFrom(invitation.proof, proof)) throw badProof('it is not signed by the key of the invitation');
    requireGrant(group, member, { userId, role: 'member', atMs });
    if (isMember && group.members.get(userId)?.role !== 'member')
      throw badProof(`${userId} is an admin; another device of theirs has to let this one in`);
    requireDevice(state, member);
    const isWaiting = group.joinRequests.has(userId);
    const events: TrackerEvent[] = [];
    if (!isMember && !isWaiting) events.push({ kind: 'join_requested', groupId, userId, atMs });
    events.push({ kind: 'invitation_used', groupId, inviteId: invitation.inviteId });
    if (!isMember || isWaiting)
      events.push({ kind: 'join_accepted', groupId, userId, by: invitation.invitedBy, atMs });
    events.push({ kind: 'device_granted', groupId, userId, deviceId: byDevice, proof });
    return decided(...events);
  });
}

/** The invitation, if it can be used; fails with `unknown_invitation`, `invitation_expired`. */
export function requireUsable(group: Group, inviteId: Uint8Array, atMs: number): Invitation {
  const invitation = requireInvitation(group, inviteId);
  if (invitation.expiresAtMs > atMs) return invitation;
  throw new TrackerError(
    'invitation_expired',
    `The invitation to ${group.groupId} is over; ask ${invitation.invitedBy} for another one, or join_group without it`,
  );
}

function requireInvitation({ groupId, invitations }: Group, inviteId: Uint8Array): Invitation {
  const invitation = invitations.get(toHex(inviteId));
  if (invitation !== undefined) return invitation;
  throw new TrackerError(
    'unknown_invitation',
    `${groupId} has no such invitation: it was used up or revoked; ask for another one, or join_group without it`,
  );
}

/** The key that signed the last grant, if that is of an invitation. */
function inviterOf(grants: readonly Grant[]): Uint8Array {
  const inviter = grants.at(-2);
  if (inviter?.role === 'invite') return inviter.deviceId;
  throw badProof('it is not signed by the key of an invitation');
}

function requireUses(maxUses: number): void {
  const most = MESSAGE_LIMITS.invitationUses;
  if (maxUses >= 1 && maxUses <= most) return;
  throw new TrackerError('limit_reached', `Cannot invite ${maxUses} times by one code: from 1 to ${most}`);
}

function sweep({ groupId, invitations }: Group, atMs: number): TrackerEvent[] {
  return [...invitations.values()]
    .filter(({ expiresAtMs }) => expiresAtMs <= atMs)
    .slice(0, SWEPT_AT_ONCE)
    .map(({ inviteId }) => ({ kind: 'invitation_revoked', groupId, inviteId }));
}

function requireRoom({ groupId, invitations }: Group, leaving: number): void {
  const most = MESSAGE_LIMITS.invitationsPerGroup;
  if (invitations.size - leaving < most) return;
  throw new TrackerError(
    'limit_reached',
    `${groupId} has ${invitations.size} invitations, which is the most; revoke one first`,
  );
}
