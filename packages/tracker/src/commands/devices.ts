/**
 * Commands about the devices of a user: where somebody has logged in, and may go on without a password.
 *
 * A device that was revoked stays in the list, so that it does not come back: whoever holds its key may know the password, too.
 * The list of them has an end: of too many the one that was revoked first is forgotten. That one then is as any other device
 * on which nobody has logged in: it needs the password, and nothing lets it into a group.
 */
import { TrackerError } from '../errors.ts';
import type { TrackerEvent } from '../events.ts';
import { toHex } from '../hex.ts';
import type { TrackerLimits } from '../limits.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { Device, User } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided } from './command.ts';

/**
 * The user has logged in on a device for the first time, with the password whose hash is `passwordHash`; nothing for one
 * that is bound already. Fails with `device_revoked`, `limit_reached`, and with `busy` where the hash is not the present
 * one: whoever checked the password did not know yet that it was changed, or the hash made stronger.
 */
export function bindDevice(
  login: { userId: string; deviceId: Uint8Array; name: string; passwordHash: string; atMs: number },
  limits: Pick<TrackerLimits, 'devicesPerUser'>,
): Command {
  const { userId, deviceId, name, passwordHash, atMs } = login;
  return createCommand(['bind_device', userId, toHex(deviceId)], (state) => {
    const user = state.users.get(userId);
    if (isBound(user, deviceId)) return decided();
    if (user?.passwordHash !== passwordHash) {
      throw new TrackerError('busy', `The password of ${userId} was changed just now; log in again`);
    }
    requireRoomForDevice(user, limits);
    return decided({ kind: 'device_bound', userId, deviceId, name, atMs });
  });
}

/** The device may not log in any more; nothing when it may not already. Fails with `unknown_device`. */
export function revokeDevice(revoke: { userId: string; deviceId: Uint8Array }): Command {
  const { userId, deviceId } = revoke;
  return createCommand(['revoke_device', userId, toHex(deviceId)], (state) => {
    const devices = state.users.get(userId)?.devices;
    const device = devices?.get(toHex(deviceId));
    if (devices === undefined || device === undefined) {
      throw new TrackerError(
        'unknown_device',
        `${userId} has never logged in on this device; list_devices shows the devices there are`,
      );
    }
    if (device.isRevoked) return decided();
    return decided(...forgotten(userId, devices.values()), { kind: 'device_revoked', userId, deviceId });
  });
}

/** Whether the user has logged in on the device before. Fails with `device_revoked`. */
export function isBound(user: User | undefined, deviceId: Uint8Array): boolean {
  const device = user?.devices.get(toHex(deviceId));
  if (device?.isRevoked !== true) return device !== undefined;
  throw new TrackerError(
    'device_revoked',
    `This device was revoked by ${user?.userId}; go on on another one, or as a new one with a new data folder`,
  );
}

/** Nothing for a device on which the user is logged in; fails with `device_revoked`, `unknown_device`. */
export function requireInUse(user: User | undefined, userId: string, deviceId: Uint8Array): void {
  if (isBound(user, deviceId)) return;
  throw new TrackerError(
    'unknown_device',
    `${userId} is not logged in on this device any more; log in again`,
  );
}

/** Those that have to go before one more is revoked: the ones that were revoked first. */
function forgotten(userId: string, devices: Iterable<Device>): readonly TrackerEvent[] {
  const revoked = [...devices].filter(({ isRevoked }) => isRevoked);
  const surplus = Math.max(0, revoked.length + 1 - MESSAGE_LIMITS.revokedDevicesPerUser);
  return revoked.slice(0, surplus).map(({ deviceId }) => ({ kind: 'device_forgotten', userId, deviceId }));
}

function requireRoomForDevice(
  { userId, devices }: User,
  limits: Pick<TrackerLimits, 'devicesPerUser'>,
): void {
  const inUse = [...devices.values()].filter(({ isRevoked }) => !isRevoked).length;
  if (inUse < limits.devicesPerUser) return;
  throw new TrackerError(
    'limit_reached',
    `${userId} has logged in on ${inUse} devices, which is the most; revoke one that is not in use any more, on one of them`,
  );
}
