/**
 * How the whole state is laid out as bytes. Indexes are left out and made again.
 *
 * Kept for ever as entries are: another version is another codec beside this one.
 */
import type { Codec } from '@minitorrent/wire-codec';
import {
  boolean,
  bytes,
  enumeration,
  fixedBytes,
  list,
  mapped,
  optional,
  refine,
  struct,
  text,
  u8,
  varint,
} from '@minitorrent/wire-codec';
import { fileCodec, resultCodec } from './events.ts';
import { toHex } from './hex.ts';
import { REMEMBERED_REQUESTS } from './limits.ts';
import { fileSignatureCodec } from './membership/file-signature.ts';
import type { Role } from './messages.ts';
import type {
  Device,
  DeviceGrant,
  DoneRequest,
  Invitation,
  JoinRequest,
  Member,
  SharedFile,
  User,
} from './model.ts';
import type { FlatGroup, Revocation } from './state.ts';

/** More than fits into one buffer: the number of users or groups is bounded by memory, not by this. */
const MANY = 2 ** 31;

const userId = text({ maxBytes: 64 });
const role: Codec<Role> = enumeration({ member: 1, admin: 2 });

const deviceId = fixedBytes(32);
const proof = bytes({ maxBytes: 8 * 1024 });
const deviceCodec: Codec<Device> = struct({
  deviceId,
  name: text({ maxBytes: 64 }),
  boundAtMs: varint,
  isRevoked: boolean,
});
export const userCodec: Codec<User> = struct({
  userId,
  passwordHash: text({ maxBytes: 256 }),
  createdAtMs: varint,
  devices: mapped(list(deviceCodec, { maxItems: MANY }), {
    name: 'devices',
    fromWire: (devices): ReadonlyMap<string, Device> =>
      new Map(devices.map((device) => [toHex(device.deviceId), device])),
    toWire: (devices) => [...devices.values()],
  }),
});
export const memberCodec: Codec<Member> = struct({ userId, role, sinceMs: varint });
export const grantCodec: Codec<DeviceGrant> = struct({ userId, deviceId, proof });
export const revocationCodec: Codec<Revocation> = struct({ userId, deviceId, memberEpoch: varint });
export const invitationCodec: Codec<Invitation> = struct({
  inviteId: deviceId,
  proof,
  invitedBy: userId,
  createdAtMs: varint,
  expiresAtMs: varint,
  maxUses: varint,
  uses: varint,
});
export const joinRequestCodec: Codec<JoinRequest> = struct({ userId, requestedAtMs: varint });
export const fileEntryCodec: Codec<SharedFile> = struct({
  file: fileCodec,
  sharedBy: userId,
  sharedAtMs: varint,
  signature: optional(fileSignatureCodec),
  sharer: optional(proof),
});

const groupKey = optional(fixedBytes(32));
const groupHead = {
  groupId: text({ maxBytes: 64 }),
  createdAtMs: varint,
  groupKey,
  memberEpoch: varint,
  forgottenEpoch: varint,
};
/** What comes before the lists of a group. */
export const groupHeadCodec: Codec<Pick<FlatGroup, keyof typeof groupHead>> = struct(groupHead);
const groupCodec: Codec<FlatGroup> = struct({
  ...groupHead,
  members: list(memberCodec, { maxItems: MANY }),
  grants: list(grantCodec, { maxItems: MANY }),
  revoked: list(revocationCodec, { maxItems: MANY }),
  invitations: list(invitationCodec, { maxItems: MANY }),
  joinRequests: list(joinRequestCodec, { maxItems: MANY }),
  files: list(fileEntryCodec, { maxItems: MANY }),
});

/** A done request with its id, which is 16 bytes. */
export interface KeptRequest extends DoneRequest {
  readonly requestId: Uint8Array;
}

export const doneRequestCodec: Codec<KeptRequest> = struct({
  requestId: fixedBytes(16),
  index: varint,
  fingerprint: fixedBytes(16),
  result: resultCodec,
});
export interface FlatState {
  readonly version: 2;
  readonly users: readonly User[];
  readonly groups: readonly FlatGroup[];
  readonly doneRequests: readonly KeptRequest[];
}

export const stateCodec: Codec<FlatState> = struct({
  version: refine(u8, { name: 'snapshotVersion', check: (value): value is 2 => value === 2 }),
  users: list(userCodec, { maxItems: MANY }),
  groups: list(groupCodec, { maxItems: MANY }),
  doneRequests: list(doneRequestCodec, { maxItems: REMEMBERED_REQUESTS }),
});
