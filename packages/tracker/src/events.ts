/**
 * What can happen to the state of a tracker, and the bytes it is journalled as.
 *
 * These bytes are kept for ever. So an event's tag is never used again and its fields never change: what has to look
 * different later is a new event with a new tag, and the struct is not extensible, because a tracker that skipped a field
 * would come to another state than the one that wrote it. Names are not validated here, only bounded: they were
 * validated when they came in, and a journal must stay readable when that rule changes.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import type { Codec } from '@minitorrent/wire-codec';
import { bytes, enumeration, fixedBytes, struct, text, u32, union, varint } from '@minitorrent/wire-codec';

type Role = 'member' | 'admin';

/** One change. `by` is who did it where that is not `userId`; times are milliseconds since the Unix epoch. */
export type TrackerEvent =
  | {
      readonly kind: 'user_created';
      readonly userId: string;
      readonly passwordHash: string;
      readonly atMs: number;
    }
  | { readonly kind: 'password_rehashed'; readonly userId: string; readonly passwordHash: string }
  | {
      readonly kind: 'group_created';
      readonly groupId: string;
      readonly userId: string;
      readonly atMs: number;
    }
  | { readonly kind: 'group_deleted'; readonly groupId: string }
  | {
      readonly kind: 'join_requested';
      readonly groupId: string;
      readonly userId: string;
      readonly atMs: number;
    }
  | { readonly kind: 'join_withdrawn'; readonly groupId: string; readonly userId: string }
  | JoinAccepted
  | { readonly kind: 'join_refused'; readonly groupId: string; readonly userId: string; readonly by: string }
  | { readonly kind: 'member_left'; readonly groupId: string; readonly userId: string }
  | FileShared
  | SharingStopped
  | { readonly kind: 'password_changed'; readonly userId: string; readonly passwordHash: string }
  | DeviceBound
  | { readonly kind: 'device_revoked'; readonly userId: string; readonly deviceId: Uint8Array }
  | DeviceForgotten
  | DeviceGranted
  | {
      readonly kind: 'member_removed';
      readonly groupId: string;
      readonly userId: string;
      readonly by: string;
    }
  | RoleChanged
  | InvitationCreated
  | { readonly kind: 'invitation_used'; readonly groupId: string; readonly inviteId: Uint8Array }
  | { readonly kind: 'invitation_revoked'; readonly groupId: string; readonly inviteId: Uint8Array }
  | FileSigned;

/** The user logged in on a device for the first time. */
interface DeviceBound {
  readonly kind: 'device_bound';
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly name: string;
  readonly atMs: number;
}

/** A revoked one, because the user has revoked many others since. */
interface DeviceForgotten {
  readonly kind: 'device_forgotten';
  readonly userId: string;
  readonly deviceId: Uint8Array;
}

/** A proof lets a device of a member in; it takes the place of an earlier one. */
interface DeviceGranted {
  readonly kind: 'device_granted';
  readonly groupId: string;
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly proof: Uint8Array;
}

/** What was granted to the user's devices is void; what they get instead follows in the same entry. */
interface RoleChanged {
  readonly kind: 'role_changed';
  readonly groupId: string;
  readonly userId: string;
  readonly role: Role;
  readonly by: string;
}

interface InvitationCreated {
  readonly kind: 'invitation_created';
  readonly groupId: string;
  readonly inviteId: Uint8Array;
  readonly proof: Uint8Array;
  readonly maxUses: number;
  readonly expiresAtMs: number;
  readonly by: string;
  readonly atMs: number;
}

/** Follows `file_shared` in the same entry; `sharer` is the proof of the device that signed it. */
interface FileSigned {
  readonly kind: 'file_signed';
  readonly groupId: string;
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
  readonly sharer: Uint8Array;
}

interface JoinAccepted {
  readonly kind: 'join_accepted';
  readonly groupId: string;
  readonly userId: string;
  readonly by: string;
  readonly atMs: number;
}

interface FileShared {
  readonly kind: 'file_shared';
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly by: string;
  readonly atMs: number;
}

interface SharingStopped {
  readonly kind: 'sharing_stopped';
  readonly groupId: string;
  readonly name: string;
  /** Of the file that had the name. */
  readonly root: Uint8Array;
  readonly by: string;
}

/** What a write answers; kept with it, so that a second try gets the first answer. */
export type Result =
  | { readonly kind: 'done' }
  /** A join request now waits for an admin. */
  | { readonly kind: 'requested' };

const userId = text({ maxBytes: 64 });
const groupId = text({ maxBytes: 64 });
const passwordHash = text({ maxBytes: 256 });
const fileName = text({ maxBytes: 255 });
const atMs = varint;
const deviceId = fixedBytes(32);
const proof = bytes({ maxBytes: 8 * 1024 });
const role: Codec<Role> = enumeration({ member: 1, admin: 2 });
/** A file as the journal keeps it; the network has a codec of its own, which may change. */
export const fileCodec: Codec<FileDescriptor> = struct({
  name: fileName,
  size: varint,
  pieceLength: u32,
  root: fixedBytes(32),
});

export const eventCodec: Codec<TrackerEvent> = union('kind', {
  user_created: { tag: 1, codec: struct({ userId, passwordHash, atMs }) },
  password_rehashed: { tag: 2, codec: struct({ userId, passwordHash }) },
  group_created: { tag: 3, codec: struct({ groupId, userId, atMs }) },
  group_deleted: { tag: 4, codec: struct({ groupId }) },
  join_requested: { tag: 5, codec: struct({ groupId, userId, atMs }) },
  join_withdrawn: { tag: 6, codec: struct({ groupId, userId }) },
  join_accepted: { tag: 7, codec: struct({ groupId, userId, by: userId, atMs }) },
  join_refused: { tag: 8, codec: struct({ groupId, userId, by: userId }) },
  member_left: { tag: 9, codec: struct({ groupId, userId }) },
  file_shared: { tag: 10, codec: struct({ groupId, file: fileCodec, by: userId, atMs }) },
  sharing_stopped: { tag: 11, codec: struct({ groupId, name: fileName, root: fixedBytes(32), by: userId }) },
  password_changed: { tag: 12, codec: struct({ userId, passwordHash }) },
  device_bound: { tag: 13, codec: struct({ userId, deviceId, name: text({ maxBytes: 64 }), atMs }) },
  device_revoked: { tag: 14, codec: struct({ userId, deviceId }) },
  device_granted: { tag: 15, codec: struct({ groupId, userId, deviceId, proof }) },
  member_removed: { tag: 16, codec: struct({ groupId, userId, by: userId }) },
  role_changed: { tag: 17, codec: struct({ groupId, userId, role, by: userId }) },
  invitation_created: {
    tag: 18,
    codec: struct({
      groupId,
      inviteId: deviceId,
      proof,
      maxUses: varint,
      expiresAtMs: varint,
      by: userId,
      atMs,
    }),
  },
  invitation_used: { tag: 19, codec: struct({ groupId, inviteId: deviceId }) },
  invitation_revoked: { tag: 20, codec: struct({ groupId, inviteId: deviceId }) },
  file_signed: {
    tag: 21,
    codec: struct({
      groupId,
      name: fileName,
      publicKey: fixedBytes(32),
      signature: fixedBytes(65),
      sharer: proof,
    }),
  },
  device_forgotten: { tag: 22, codec: struct({ userId, deviceId }) },
});

export const resultCodec: Codec<Result> = union('kind', {
  done: { tag: 1, codec: struct({}) },
  requested: { tag: 2, codec: struct({}) },
});
