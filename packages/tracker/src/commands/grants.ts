/**
 * What commands ask of proofs of membership before they let devices in by them.
 *
 * Asked once, where a change is decided: a replay takes what was decided. A proof has to be sound, of this group, of the
 * very device, user and role, and the proof that stands here with one more grant behind it. So a device is let in by one
 * that stands here, and a proof that was removed meanwhile lets nobody in. One that has only expired still does: where it is
 * that of the only admin, nobody else could renew it.
 */
import { deviceKey } from '../device-key.ts';
import { sameBytes } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import type { TrackerEvent } from '../events.ts';
import { requireAdmin } from '../guards.ts';
import { toHex } from '../hex.ts';
import type { Grant, GrantRole } from '../membership/grant.ts';
import { type CheckedProof, checkProof, groupKeyOf, issuerProof, lastGrantOf } from '../membership/proof.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { DeviceGrant, Group, TrackerState } from '../model.ts';

type DeviceGranted = Extract<TrackerEvent, { readonly kind: 'device_granted' }>;

/** A user on a device. */
export interface UserDevice {
  readonly userId: string;
  readonly deviceId: Uint8Array;
}

/** Who asks, and on which device. */
export interface Asker {
  readonly by: string;
  readonly byDevice: Uint8Array;
}

/** Who is let in as what, by whom and when. */
export interface Admission extends Asker {
  readonly userId: string;
  readonly role: GrantRole;
  readonly atMs: number;
  /** What was granted to the user's devices ends with this change, so the new grants name the epoch that it makes. */
  readonly replaces?: boolean;
}

/** What lets the devices in; fails with `bad_proof`, `group_changed`, `limit_reached`. */
export function grantsBy(
  state: TrackerState,
  group: Group,
  { proofs, ...admission }: Admission & { readonly proofs: readonly Uint8Array[] },
): readonly DeviceGranted[] {
  requireShort(proofs);
  const events = proofs.map((proof): DeviceGranted => {
    // A comparison of bytes comes before up to sixteen signatures.
    requireOwnProof(group, admission, proof);
    const { member } = requireSound(group, proof);
    requireGrant(group, member, admission);
    requireDevice(state, member);
    const { groupId, userId, deviceId } = member;
    return { kind: 'device_granted', groupId, userId, deviceId, proof };
  });
  const devices = new Set(events.map(({ deviceId }) => toHex(deviceId)));
  if (devices.size < events.length) throw badProof('there are two for one device');
  return events;
}

/**
 * What the proof says; fails with `bad_proof` where it is not sound, or not of this group. Its signatures are checked last:
 * whoever was never shown a proof of the group cannot make a tracker check any.
 */
export function requireSound(group: Pick<Group, 'groupId' | 'groupKey'>, proof: Uint8Array): CheckedProof {
  const { groupId, groupKey } = group;
  if (groupKey === undefined)
    throw badProof(`${groupId} was founded without one; leave it and make it again`);
  const claimedKey = groupKeyOf(proof);
  if (claimedKey !== undefined && !sameBytes(groupKey, claimedKey))
    throw badProof(`it is of another group than this ${groupId}`);
  const checked = checkProof(proof);
  if (!checked.isSound) throw badProof(checked.reason);
  return checked;
}

/** Nothing, or `bad_proof` where the last grant is of somebody else, or over; `group_changed` where its epoch cannot be. */
export function requireGrant(
  group: Group,
  grant: Grant,
  { userId, role, atMs, replaces = false }: Omit<Admission, keyof Asker>,
): void {
  if (grant.userId !== userId) throw badProof(`it is of ${grant.userId} and not of ${userId}`);
  if (grant.role !== role) throw badProof(`it makes ${userId} ${grant.role} and not ${role}`);
  if (grant.notAfterMs <= atMs)
    throw badProof('it has expired; look at the clock of the device that signed it');
  const key = deviceKey(userId, grant.deviceId);
  const next = group.memberEpoch + 1;
  // Of a removal that was forgotten nobody knows whom it hit.
  const oldest = Math.max(group.revoked.get(key) ?? 0, group.forgottenEpoch);
  const least = replaces && group.grants.has(key) ? next : oldest;
  if (grant.memberEpoch >= least && grant.memberEpoch <= next) return;
  throw new TrackerError(
    'group_changed',
    `The members of ${group.groupId} changed meanwhile (epoch ${group.memberEpoch}, not ${grant.memberEpoch}); try again`,
  );
}

/** Nothing, or `bad_proof` for a device that its user has not, or has no longer. */
export function requireDevice(state: TrackerState, { userId, deviceId }: Grant): void {
  const device = state.users.get(userId)?.devices.get(toHex(deviceId));
  if (device === undefined) throw badProof(`${userId} has not logged in on that device`);
  if (device.isRevoked) throw badProof(`${userId} has revoked that device`);
}

/** Nothing, or `bad_proof` where what lets the asking device in, expired or not, is not what this proof goes on from. */
export function requireOwnProof(group: Group, { by, byDevice }: Asker, proof: Uint8Array): void {
  const own = group.grants.get(deviceKey(by, byDevice))?.proof;
  if (goesOnFrom(own, proof)) return;
  throw badProof(`it is not signed by the device of ${by} that asks, or that one is not in the group`);
}

/** Whether `proof` is `issuer` with one more grant behind it. */
export function goesOnFrom(issuer: Uint8Array | undefined, proof: Uint8Array): boolean {
  const before = issuerProof(proof);
  return before !== undefined && issuer !== undefined && sameBytes(issuer, before);
}

/**
 * Nothing for an admin, in a group with proofs on a device that one lets in as an admin's at that time: whoever has come by
 * the password of an admin has none. Fails with `not_a_member`, `not_an_admin`, `not_admitted`.
 */
export function requireAdminDevice(group: Group, { by, byDevice }: Asker, atMs: number): void {
  requireAdmin(group, by);
  if (isAdminDevice(group, { userId: by, deviceId: byDevice }, atMs)) return;
  throw new TrackerError(
    'not_admitted',
    `Cannot act as an admin of ${group.groupId} on this device of ${by}, which nothing lets in; ` +
      'ask for it with join_group here, and accept it on another device of yours that is in, or have another admin do so',
  );
}

/** Whether that device may act for its user, who is an admin. */
export function isAdminDevice(group: Group, who: UserDevice, atMs: number): boolean {
  if (group.groupKey === undefined) return true;
  const grant = grantOf(group, who, atMs);
  return grant !== undefined && lastGrantOf(grant.proof)?.role === 'admin';
}

/** Those of the user's devices that stand here, expired or not. */
export function proofsOf(group: Group, userId: string): readonly Uint8Array[] {
  return [...group.grants.values()].filter((grant) => grant.userId === userId).map(({ proof }) => proof);
}

/** What lets this device of this user in, if anything does at that time. */
export function grantOf(
  group: Group,
  { userId, deviceId }: UserDevice,
  atMs: number,
): DeviceGrant | undefined {
  const found = group.grants.get(deviceKey(userId, deviceId));
  if (found === undefined) return undefined;
  return (lastGrantOf(found.proof)?.notAfterMs ?? 0) > atMs ? found : undefined;
}

/** The user's devices that nothing lets in. */
export function devicesOutside(
  state: TrackerState,
  group: Group,
  userId: string,
  atMs: number,
): readonly Uint8Array[] {
  return [...(state.users.get(userId)?.devices.values() ?? [])]
    .filter(
      ({ deviceId, isRevoked }) => !isRevoked && grantOf(group, { userId, deviceId }, atMs) === undefined,
    )
    .map(({ deviceId }) => deviceId);
}

/** Proofs as words that tell one command from another. */
export function wordsOf(...proofs: readonly (Uint8Array | undefined)[]): readonly string[] {
  return proofs.map((proof) => (proof === undefined ? '' : toHex(proof)));
}

export function badProof(reason: string): TrackerError {
  return new TrackerError('bad_proof', `Cannot take this proof of membership: ${reason}`);
}

function requireShort(proofs: readonly Uint8Array[]): void {
  const bytes = proofs.reduce((sum, proof) => sum + proof.length, 0);
  const most = MESSAGE_LIMITS.proofsBytes;
  if (bytes <= most) return;
  throw new TrackerError(
    'limit_reached',
    `Cannot take ${bytes} bytes of proofs at once, at most ${most}; send those of fewer devices, which can ask for theirs`,
  );
}
