/** The values that messages are made of, and that others read, too. */
import { checkFileName, checkIdentifier } from '@minitorrent/chunk-store';
import type { Codec } from '@minitorrent/wire-codec';
import { bytes, enumeration, fixedBytes, refine, struct, text } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';

/** A user's name: 1 to 64 bytes, unique at the tracker. */
export const userIdCodec: Codec<string> = identifier('userId');
/** A group's name: 1 to 64 bytes, unique at the tracker. */
export const groupIdCodec: Codec<string> = identifier('groupId');
/** A file's name, unique inside its group. */
export const fileNameCodec: Codec<string> = refine(text({ maxBytes: 255 }), {
  name: 'fileName',
  check: (name) => checkFileName(name) === undefined,
});
/** 32 bytes that name a device; random, or the SHA-256 of its public key where the transport proves one. */
export const deviceIdCodec: Codec<Uint8Array> = fixedBytes(32);
/** The BEP 52 pieces root of a file. */
export const rootCodec: Codec<Uint8Array> = fixedBytes(32);
/**
 * 16 random bytes that the client makes for each write and keeps when it tries again: a second try of a write that was
 * done already gets the first answer.
 */
export const requestIdCodec: Codec<Uint8Array> = fixedBytes(16);
/** What a user is in a group. */
export const roleCodec: Codec<Role> = enumeration({ member: 1, admin: 2 });

export type Role = 'member' | 'admin';

/** See `membership/proof.ts`: the grants from the founder of a group to one device. */
export const proofCodec: Codec<Uint8Array> = bytes({ maxBytes: LIMITS.proofBytes });
/** See `membership/stamp.ts`. */
export const stampCodec: Codec<Uint8Array> = bytes({ maxBytes: LIMITS.stampBytes });

/** The answer of a message that only succeeds or fails. */
export const done: Codec<Done> = struct({}, { extensible: true });
export type Done = Readonly<Record<never, never>>;

function identifier(name: string): Codec<string> {
  return refine(text({ maxBytes: LIMITS.identifierBytes }), {
    name,
    check: (id) => checkIdentifier(id) === undefined,
  });
}
