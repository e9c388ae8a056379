/** Messages about users and their devices. */
import { boolean, list, optional, struct, text, varint } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { mayBeStale, password, requestId } from './parts.ts';
import { deviceIdCodec, groupIdCodec, roleCodec, userIdCodec } from './values.ts';

export const createUserRequest = struct({ requestId, userId: userIdCodec, password }, { extensible: true });
const deviceName = text({ maxBytes: LIMITS.deviceNameBytes });
/** `deviceName` is for the user's own list of devices. */
export const loginRequest = struct(
  { userId: userIdCodec, password, deviceId: deviceIdCodec, deviceName: optional(deviceName) },
  { extensible: true },
);
/** For a device that logged in as this user before and that the transport proves: its key is the session. */
export const resumeSessionRequest = struct({ userId: userIdCodec }, { extensible: true });
export const changePasswordRequest = struct(
  { requestId, password, newPassword: password },
  { extensible: true },
);
export const device = struct(
  {
    deviceId: deviceIdCodec,
    name: deviceName,
    /** When it first logged in. */
    boundAtMs: varint,
    isOnline: boolean,
    isRevoked: boolean,
  },
  { extensible: true },
);
export const revokeDeviceRequest = struct({ requestId, deviceId: deviceIdCodec }, { extensible: true });
/** What a user is in one group. */
export const membership = struct({ groupId: groupIdCodec, role: roleCodec }, { extensible: true });
/** The groups of the user who has just logged in, so that a peer can share and announce at once. */
export const loginAnswer = struct(
  { memberships: list(membership, { maxItems: LIMITS.groupsPerPage }), mayBeStale },
  { extensible: true },
);

const DEVICES_LISTED = LIMITS.devicesPerUser + LIMITS.revokedDevicesPerUser;

/** Those of the user who asks: first the ones in use, as they came, then the revoked ones, the latest last. */
export const listDevicesAnswer = struct(
  { devices: list(device, { maxItems: DEVICES_LISTED }), mayBeStale },
  { extensible: true },
);
