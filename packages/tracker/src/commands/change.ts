/**
 * Changes as data: what a tracker that may not decide sends to the one that may.
 *
 * A change says who asks for what, on which device; whether it is allowed is decided by the command that is made of it, where
 * it is carried out. Its `by`, or where it has none its `userId`, is who is logged in at the sending tracker; `byDevice` is the
 * device of that session, 32 bytes, as the transport proved it.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import type { Codec } from '@minitorrent/wire-codec';
import {
  bytes,
  enumeration,
  fixedBytes,
  list,
  optional,
  struct,
  text,
  union,
  varint,
} from '@minitorrent/wire-codec';
import { fileCodec } from '../events.ts';
import { type FileSignature, fileSignatureCodec } from '../membership/file-signature.ts';

type Role = 'member' | 'admin';

/** Times are milliseconds since the Unix epoch; an empty decision (`done`) is an answer, too. */
export type Change =
  | {
      readonly kind: 'create_user';
      readonly userId: string;
      readonly passwordHash: string;
      readonly atMs: number;
    }
  | RehashPassword
  | BindDevice
  | SessionChange;

/** What somebody who is logged in asks for. */
export type SessionChange =
  | ChangePassword
  | RevokeDevice
  | CreateGroup
  | JoinGroup
  | LeaveGroup
  | AcceptRequest
  | RejectOrRemove
  | SetRole
  | CreateInvitation
  | RevokeInvitation
  | UploadFile
  | StopSharing;

/** By a login, with the password that it brought. */
interface RehashPassword {
  readonly kind: 'rehash_password';
  readonly userId: string;
  readonly oldHash: string;
  readonly passwordHash: string;
}

interface ChangePassword {
  readonly kind: 'change_password';
  readonly userId: string;
  readonly byDevice: Uint8Array;
  readonly oldHash: string;
  readonly passwordHash: string;
}

/** The password of the login was the one of `passwordHash`. */
interface BindDevice {
  readonly kind: 'bind_device';
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly name: string;
  readonly passwordHash: string;
  readonly atMs: number;
}

/** `deviceId` is to be revoked. */
interface RevokeDevice {
  readonly kind: 'revoke_device';
  readonly userId: string;
  readonly byDevice: Uint8Array;
  readonly deviceId: Uint8Array;
}

interface CreateGroup {
  readonly kind: 'create_group';
  readonly groupId: string;
  readonly userId: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
  readonly proof?: Uint8Array | undefined;
}

/** `proof` is that of an invitation. */
interface JoinGroup {
  readonly kind: 'join_group';
  readonly groupId: string;
  readonly userId: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
  readonly proof?: Uint8Array | undefined;
}

interface LeaveGroup {
  readonly kind: 'leave_group';
  readonly groupId: string;
  readonly userId: string;
  readonly byDevice: Uint8Array;
}

interface AcceptRequest {
  readonly kind: 'accept_request';
  readonly groupId: string;
  readonly userId: string;
  readonly by: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
  readonly proofs?: readonly Uint8Array[] | undefined;
}

interface RejectOrRemove {
  readonly kind: 'reject_request' | 'remove_member';
  readonly groupId: string;
  readonly userId: string;
  readonly by: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
}

interface SetRole {
  readonly kind: 'set_role';
  readonly groupId: string;
  readonly userId: string;
  readonly role: Role;
  readonly by: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
  readonly proofs?: readonly Uint8Array[] | undefined;
}

interface CreateInvitation {
  readonly kind: 'create_invitation';
  readonly groupId: string;
  readonly proof: Uint8Array;
  readonly maxUses: number;
  readonly by: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
}

interface RevokeInvitation {
  readonly kind: 'revoke_invitation';
  readonly groupId: string;
  readonly inviteId: Uint8Array;
  readonly by: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
}

interface UploadFile {
  readonly kind: 'upload_file';
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly by: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
  readonly signature?: FileSignature | undefined;
}

interface StopSharing {
  readonly kind: 'stop_sharing';
  readonly groupId: string;
  readonly name: string;
  readonly by: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
}

const userId = text({ maxBytes: 64 });
const groupId = text({ maxBytes: 64 });
const passwordHash = text({ maxBytes: 256 });
const deviceId = fixedBytes(32);
/** Who asks, in changes that are not about themselves. */
const asker = { by: userId, byDevice: deviceId };
const deviceName = text({ maxBytes: 64 });
const atMs = varint;
const role: Codec<Role> = enumeration({ member: 1, admin: 2 });
const proof = bytes({ maxBytes: 8 * 1024 });
const proofs = optional(list(proof, { maxItems: 64 }));

/** Trackers of one cluster are brought to a new version one by one, so a tag is never used again. */
export const changeCodec: Codec<Change> = union('kind', {
  create_user: { tag: 1, codec: struct({ userId, passwordHash, atMs }) },
  rehash_password: { tag: 2, codec: struct({ userId, oldHash: passwordHash, passwordHash }) },
  create_group: {
    tag: 3,
    codec: struct({ groupId, userId, byDevice: deviceId, atMs, proof: optional(proof) }),
  },
  join_group: {
    tag: 4,
    codec: struct({ groupId, userId, byDevice: deviceId, atMs, proof: optional(proof) }),
  },
  leave_group: { tag: 5, codec: struct({ groupId, userId, byDevice: deviceId }) },
  accept_request: { tag: 6, codec: struct({ groupId, userId, ...asker, atMs, proofs }) },
  reject_request: { tag: 7, codec: struct({ groupId, userId, ...asker, atMs }) },
  upload_file: {
    tag: 8,
    codec: struct({ groupId, file: fileCodec, ...asker, atMs, signature: optional(fileSignatureCodec) }),
  },
  stop_sharing: { tag: 9, codec: struct({ groupId, name: text({ maxBytes: 255 }), ...asker, atMs }) },
  change_password: {
    tag: 10,
    codec: struct({ userId, byDevice: deviceId, oldHash: passwordHash, passwordHash }),
  },
  bind_device: { tag: 11, codec: struct({ userId, deviceId, name: deviceName, passwordHash, atMs }) },
  revoke_device: { tag: 12, codec: struct({ userId, byDevice: deviceId, deviceId }) },
  remove_member: { tag: 13, codec: struct({ groupId, userId, ...asker, atMs }) },
  set_role: { tag: 14, codec: struct({ groupId, userId, role, ...asker, atMs, proofs }) },
  create_invitation: { tag: 15, codec: struct({ groupId, proof, maxUses: varint, ...asker, atMs }) },
  revoke_invitation: { tag: 16, codec: struct({ groupId, inviteId: deviceId, ...asker, atMs }) },
});
