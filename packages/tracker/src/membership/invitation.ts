/**
 * Invitations to a group as codes that people pass on.
 *
 * A code holds the secret of a key to which an admin's device granted the role `invite`, and the beginning of the group's
 * key, so that whoever joins by it knows the group from a false one of the same name. It looks like a device id, with the
 * same check digits, and is as secret as a password.
 */
import { hash } from 'node:crypto';
import { createIdentity, formatDeviceId, type Identity, parseDeviceId } from '@minitorrent/rpc-core/identity';

/** Half of the code; 128 bits cannot be guessed. */
export const INVITATION_SECRET_BYTES = 16;
const GROUP_KEY_BYTES = 32;
const OPENING: Uint8Array = new TextEncoder().encode('minitorrent-invitation');

export interface Invitation {
  /** The key that vouches for whoever joins. */
  readonly key: Identity;
  /** The first 16 bytes of the group's key. */
  readonly groupKeyStart: Uint8Array;
}

/** The code of the invitation to the group with `groupKey` whose secret is these 16 random bytes. */
export function writeInvitation(secret: Uint8Array, groupKey: Uint8Array): string {
  if (secret.length !== INVITATION_SECRET_BYTES)
    throw new RangeError(`Cannot invite with a secret of ${secret.length} bytes: wanted 16`);
  if (groupKey.length !== GROUP_KEY_BYTES)
    throw new RangeError(`Cannot invite to a group with a key of ${groupKey.length} bytes: wanted 32`);
  return formatDeviceId(Uint8Array.of(...secret, ...groupKey.subarray(0, INVITATION_SECRET_BYTES)));
}

/** What a code says; throws `bad_device_id`, which says where to look, for one that was copied wrong. */
export function readInvitation(code: string): Invitation {
  const halves = parseDeviceId(code);
  const key = invitationKey(halves.subarray(0, INVITATION_SECRET_BYTES));
  return { key, groupKeyStart: halves.subarray(INVITATION_SECRET_BYTES) };
}

/** The key that follows from the secret. */
export function invitationKey(secret: Uint8Array): Identity {
  const seed = hash('sha256', Uint8Array.of(...OPENING, ...secret), 'buffer');
  return createIdentity({ seed: new Uint8Array(seed) });
}
