/**
 * Changes as data: what a tracker that may not decide sends to the one that may.
 *
 * A change says who asks for what; whether it is allowed is decided by the command that is made of it, where it is carried
 * out. Its `userId` or `by` is who is logged in at the sending tracker.
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
  | {
      readonly kind: 'rehash_password' | 'change_password';
      readonly userId: string;
      readonly oldHash: string;
      readonly passwordHash: string;
    }
  | {
      readonly kind: 'create_group';
      readonly groupId: string;
      readonly userId: string;
      readonly atMs: number;
      readonly proof?: Uint8Array | undefined;
    }
  | JoinGroup
  | { readonly kind: 'leave_group'; readonly groupId: string; readonly userId: string }
  | AcceptRequest
  | {
      readonly kind: 'reject_request' | 'remove_member';
      readonly groupId: string;
      readonly userId: string;
      readonly by: string;
    }
  | UploadFile
  | { readonly kind: 'stop_sharing'; readonly groupId: string; readonly name: string; readonly by: string }
  | BindDevice
  | { readonly kind: 'revoke_device'; readonly userId: string; readonly deviceId: Uint8Array }
  | SetRole
  | CreateInvitation
  | {
      readonly kind: 'revoke_invitation';
      readonly groupId: string;
      readonly inviteId: Uint8Array;
      readonly by: string;
    };

/** The password of the login was the one of `passwordHash`. */
interface BindDevice {
  readonly kind: 'bind_device';
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly name: string;
  readonly passwordHash: string;
  readonly atMs: number;
}

interface AcceptRequest {
  readonly kind: 'accept_request';
  readonly groupId: string;
  readonly userId: string;
  readonly by: string;
  readonly atMs: number;
  readonly proofs?: readonly Uint8Array[] | undefined;
}

/** `proof` is that of an invitation; `deviceId` that of the session. */
interface JoinGroup {
  readonly kind: 'join_group';
  readonly groupId: string;
  readonly userId: string;
  readonly atMs: number;
  readonly deviceId?: Uint8Array | undefined;
  readonly proof?: Uint8Array | undefined;
}

interface SetRole {
  readonly kind: 'set_role';
  readonly groupId: string;
  readonly userId: string;
  readonly role: Role;
  readonly by: string;
  readonly atMs: number;
  readonly proofs?: readonly Uint8Array[] | undefined;
}

interface CreateInvitation {
  readonly kind: 'create_invitation';
  readonly groupId: string;
  readonly proof: Uint8Array;
  readonly maxUses: number;
  readonly by: string;
  readonly atMs: number;
}

interface UploadFile {
  readonly kind: 'upload_file';
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly by: string;
  readonly atMs: number;
  readonly signature?: FileSignature | undefined;
}

const userId = text({ maxBytes: 64 });
const groupId = text({ maxBytes: 64 });
const passwordHash = text({ maxBytes: 256 });
const deviceId = fixedBytes(32);
const deviceName = text({ maxBytes: 64 });
const atMs = varint;
const role: Codec<Role> = enumeration({ member: 1, admin: 2 });
const proof = bytes({ maxBytes: 8 * 1024 });
const proofs = optional(list(proof, { maxItems: 64 }));

/** Trackers of one cluster are brought to a new version one by one, so a tag is never used again. */
export const changeCodec: Codec<Change> = union('kind', {
  create_user: { tag: 1, codec: struct({ userId, passwordHash, atMs }) },
  rehash_password: { tag: 2, codec: struct({ userId, oldHash: passwordHash, passwordHash }) },
  create_group: { tag: 3, codec: struct({ groupId, userId, atMs, proof: optional(proof) }) },
  join_group: {
    tag: 4,
    codec: struct({ groupId, userId, atMs, deviceId: optional(deviceId), proof: optional(proof) }),
  },
  leave_group: { tag: 5, codec: struct({ groupId, userId }) },
  accept_request: { tag: 6, codec: struct({ groupId, userId, by: userId, atMs, proofs }) },
  reject_request: { tag: 7, codec: struct({ groupId, userId, by: userId }) },
  upload_file: {
    tag: 8,
    codec: struct({ groupId, file: fileCodec, by: userId, atMs, signature: optional(fileSignatureCodec) }),
  },
  stop_sharing: { tag: 9, codec: struct({ groupId, name: text({ maxBytes: 255 }), by: userId }) },
  change_password: { tag: 10, codec: struct({ userId, oldHash: passwordHash, passwordHash }) },
  bind_device: { tag: 11, codec: struct({ userId, deviceId, name: deviceName, passwordHash, atMs }) },
  revoke_device: { tag: 12, codec: struct({ userId, deviceId }) },
  remove_member: { tag: 13, codec: struct({ groupId, userId, by: userId }) },
  set_role: { tag: 14, codec: struct({ groupId, userId, role, by: userId, atMs, proofs }) },
  create_invitation: { tag: 15, codec: struct({ groupId, proof, maxUses: varint, by: userId, atMs }) },
  revoke_invitation: { tag: 16, codec: struct({ groupId, inviteId: deviceId, by: userId }) },
});
