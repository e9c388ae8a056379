/**
 * One string for a device of a user: the key of what is kept for each device, in the least memory; of grants and
 * revocations, too, because two users may take turns at one device.
 *
 * The user belongs to it, so that somebody who claims the id of another user's device gets a device of their own.
 */
const DEVICE_ID_BYTES = 32;

/** The device id, one character for each of its 32 bytes, and then the user id. */
export function deviceKey(userId: string, deviceId: Uint8Array): string {
  return String.fromCharCode(...deviceId) + userId;
}

/** The device id of a key. */
export function deviceIdOf(key: string): Uint8Array {
  const deviceId = new Uint8Array(DEVICE_ID_BYTES);
  for (let at = 0; at < DEVICE_ID_BYTES; at += 1) deviceId[at] = key.charCodeAt(at);
  return deviceId;
}

/** The user id of a key. */
export function userIdOf(key: string): string {
  return key.slice(DEVICE_ID_BYTES);
}
