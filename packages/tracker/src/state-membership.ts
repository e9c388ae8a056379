/**
 * What the state does at events about devices, what lets them in, and who is a member: the part of `state.ts` that decides
 * which proofs are still good.
 *
 * The member epoch of a group rises with every grant and every removal, so a grant that names the epoch it makes is older
 * than any removal that comes after it. Of the removals the latest are remembered; a grant that could be older than one that
 * was forgotten is never taken again, so that to forget lets nobody in.
 */
import { deviceKey } from './device-key.ts';
import type { TrackerEvent } from './events.ts';
import { toHex } from './hex.ts';
import { REMEMBERED_REVOCATIONS } from './limits.ts';
import { groupKeyOf } from './membership/proof.ts';
import type { Device, User } from './model.ts';
import type { EventOf, OwnedGroup, OwnedState } from './owned-state.ts';
import { groupOf, removeFrom, require } from './owned-state.ts';

type MembershipEvent = EventOf<
  | 'device_bound'
  | 'device_forgotten'
  | 'device_granted'
  | 'device_revoked'
  | 'invitation_created'
  | 'invitation_revoked'
  | 'invitation_used'
  | 'member_left'
  | 'member_removed'
  | 'role_changed'
>;

/** Applies one event. Throws a TypeError for an event that cannot follow from this state. */
export function applyMembership(state: OwnedState, event: MembershipEvent): void {
  switch (event.kind) {
    case 'device_bound':
      bindDevice(state, event);
      break;
    case 'device_revoked':
      revokeDevice(state, event);
      break;
    case 'device_forgotten':
      forgetDevice(state, event);
      break;
    case 'device_granted':
      grantDevice(state, event);
      break;
    case 'member_left':
    case 'member_removed':
      removeMember(state, event);
      break;
    case 'role_changed':
      changeRole(state, event);
      break;
    case 'invitation_created':
      addInvitation(state, event);
      break;
    case 'invitation_used':
      useInvitation(state, event);
      break;
    case 'invitation_revoked':
      revokeInvitation(state, event);
      break;
  }
}

function bindDevice(state: OwnedState, event: EventOf<'device_bound'>): void {
  const { name, atMs } = event;
  const deviceId = event.deviceId.slice();
  const user = userOf(state, event);
  require(!user.devices.has(toHex(deviceId)), event, 'the device is bound already');
  putDevice(state, user, { deviceId, name, boundAtMs: atMs, isRevoked: false });
}

function revokeDevice(state: OwnedState, event: EventOf<'device_revoked'>): void {
  const user = userOf(state, event);
  const device = user.devices.get(toHex(event.deviceId));
  require(device !== undefined && !device.isRevoked, event, 'the device is not bound');
  const devices = new Map(user.devices);
  // The latest come last.
  devices.delete(toHex(device.deviceId));
  devices.set(toHex(device.deviceId), { ...device, isRevoked: true });
  state.users.set(user.userId, { ...user, devices });
  for (const groupId of state.groupsOf.get(event.userId) ?? []) {
    const group = groupOf(state, { ...event, groupId });
    group.memberEpoch += 1;
    revokeGrant(group, { userId: event.userId, deviceId: device.deviceId });
    endInvitationsOf(group, event.userId);
  }
}

/** What it was granted stays void: groups remember that by themselves. */
function forgetDevice(state: OwnedState, event: EventOf<'device_forgotten'>): void {
  const user = userOf(state, event);
  const key = toHex(event.deviceId);
  require(user.devices.get(key)?.isRevoked === true, event, 'the device is not revoked');
  const devices = new Map(user.devices);
  devices.delete(key);
  state.users.set(user.userId, { ...user, devices });
}

function grantDevice(state: OwnedState, event: EventOf<'device_granted'>): void {
  const { userId } = event;
  const group = groupOf(state, event);
  require(group.members.has(userId), event, 'the user is not a member');
  const deviceId = event.deviceId.slice();
  group.groupKey ??= groupKeyOf(event.proof);
  require(group.groupKey !== undefined, event, 'the proof cannot be read');
  group.memberEpoch += 1;
  group.grants.set(deviceKey(userId, deviceId), { userId, deviceId, proof: event.proof.slice() });
}

function removeMember(state: OwnedState, event: EventOf<'member_left' | 'member_removed'>): void {
  const { userId, groupId } = event;
  const group = groupOf(state, event);
  require(group.members.delete(userId), event, 'the user is not a member');
  // They may have asked for a further device.
  if (group.joinRequests.delete(userId)) removeFrom(state.waitingFor, userId, groupId);
  group.memberEpoch += 1;
  revokeGrantsOf(group, userId);
  endInvitationsOf(group, userId);
  removeFrom(state.groupsOf, userId, groupId);
}

function changeRole(state: OwnedState, event: EventOf<'role_changed'>): void {
  const { userId, role } = event;
  const group = groupOf(state, event);
  const member = group.members.get(userId);
  require(member !== undefined, event, 'the user is not a member');
  group.members.set(userId, { ...member, role });
  group.memberEpoch += 1;
  revokeGrantsOf(group, userId);
  endInvitationsOf(group, userId);
}

function addInvitation(state: OwnedState, event: EventOf<'invitation_created'>): void {
  const { maxUses, expiresAtMs, by, atMs } = event;
  const group = groupOf(state, event);
  const inviteId = event.inviteId.slice();
  require(!group.invitations.has(toHex(inviteId)), event, 'there is such an invitation');
  const proof = event.proof.slice();
  const invitation = { inviteId, proof, invitedBy: by, createdAtMs: atMs, expiresAtMs, maxUses, uses: 0 };
  group.invitations.set(toHex(inviteId), invitation);
}

function useInvitation(state: OwnedState, event: EventOf<'invitation_used'>): void {
  const group = groupOf(state, event);
  const key = toHex(event.inviteId);
  const invitation = group.invitations.get(key);
  require(invitation !== undefined, event, 'there is no such invitation');
  const uses = invitation.uses + 1;
  if (uses >= invitation.maxUses) group.invitations.delete(key);
  else group.invitations.set(key, { ...invitation, uses });
}

function revokeInvitation(state: OwnedState, event: EventOf<'invitation_revoked'>): void {
  const group = groupOf(state, event);
  require(group.invitations.delete(toHex(event.inviteId)), event, 'there is no such invitation');
}

function revokeGrantsOf(group: OwnedGroup, userId: string): void {
  for (const grant of [...group.grants.values()]) {
    if (grant.userId === userId) revokeGrant(group, grant);
  }
}

/** They hang on the grants of who made them, who may know their codes, or has lost a device that does. */
function endInvitationsOf(group: OwnedGroup, userId: string): void {
  for (const [key, { invitedBy }] of [...group.invitations]) {
    if (invitedBy === userId) group.invitations.delete(key);
  }
}

/** Void from the present epoch on, if there is one. */
function revokeGrant(
  group: OwnedGroup,
  { userId, deviceId }: { readonly userId: string; readonly deviceId: Uint8Array },
): void {
  const key = deviceKey(userId, deviceId);
  if (!group.grants.delete(key)) return;
  // The latest come last.
  group.revoked.delete(key);
  group.revoked.set(key, group.memberEpoch);
  const [oldest] = group.revoked;
  if (oldest === undefined || group.revoked.size <= REMEMBERED_REVOCATIONS) return;
  const [forgotten, epoch] = oldest;
  group.revoked.delete(forgotten);
  group.forgottenEpoch = epoch;
}

/** Users are replaced and never changed. */
function putDevice(state: OwnedState, user: User, device: Device): void {
  const devices = new Map(user.devices).set(toHex(device.deviceId), device);
  state.users.set(user.userId, { ...user, devices });
}

function userOf(state: OwnedState, event: TrackerEvent & { readonly userId: string }): User {
  const user = state.users.get(event.userId);
  require(user !== undefined, event, 'there is no such user');
  return user;
}
