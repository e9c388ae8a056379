/**
 * Grants of membership: one device states, signed, that another one belongs to a group.
 *
 * A grant is for a device and not for a user, because the transport proves devices; it names the user whom the device
 * speaks for. The signed bytes travel as they are and are never encoded again. What a grant stands on is signed with it and
 * travels before it (`proof.ts`).
 */
import { hash } from 'node:crypto';
import { deviceIdOf, type Identity, signStatement, verifyStatement } from '@minitorrent/rpc-core/identity';
import type { Codec } from '@minitorrent/wire-codec';
import {
  bytes,
  decode,
  encode,
  enumeration,
  fixedBytes,
  optional,
  struct,
  text,
  varint,
} from '@minitorrent/wire-codec';

const DOMAIN = 'mt-member-v1';
/** Of a statement: a version byte and an Ed25519 signature. */
export const SIGNATURE_BYTES = 65;
const HASH_BYTES = 32;
const NONCE_BYTES = 16;
/** Two names of 64 bytes and the fixed fields. */
const BODY_BYTES = 256;

/** `invite`: the device is a key that lies in an invitation code, and may do nothing but let one in as a member. */
export type GrantRole = 'member' | 'admin' | 'invite';

export interface Grant {
  readonly groupId: string;
  /** Whom the device speaks for; of an invitation, who invites. */
  readonly userId: string;
  /** SHA-256 of the device's public key, 32 bytes. */
  readonly deviceId: Uint8Array;
  readonly role: GrantRole;
  /** Of the group when this was signed: a later removal of the device makes what is older void. */
  readonly memberEpoch: number;
  /** Milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
  /** In the grant that founds a group, and in no other: 16 random bytes, so that its name founded again is another group. */
  readonly nonce?: Uint8Array | undefined;
}

/** A grant as it travels. */
export interface SignedGrant {
  readonly body: Uint8Array;
  readonly issuerPublicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** A grant whose signature is right, and who signed it. */
export interface ReadGrant {
  readonly grant: Grant;
  readonly issuerId: Uint8Array;
}

/** Its bytes are signed, so a new field is a new domain. */
const grantCodec: Codec<Grant> = struct({
  groupId: text({ maxBytes: 64 }),
  userId: text({ maxBytes: 64 }),
  deviceId: fixedBytes(32),
  role: enumeration({ member: 1, admin: 2, invite: 3 }),
  memberEpoch: varint,
  notAfterMs: varint,
  nonce: optional(fixedBytes(NONCE_BYTES)),
});

export const signedGrantCodec: Codec<SignedGrant> = struct({
  body: bytes({ maxBytes: BODY_BYTES }),
  issuerPublicKey: fixedBytes(32),
  signature: fixedBytes(SIGNATURE_BYTES),
});

/**
 * What `issuer` states behind `before`, the grant by which it is in; nothing stands before that of a founder. Each signature
 * covers all that came before it, so no grant can be moved to another proof.
 */
export function signGrant(
  issuer: Pick<Identity, 'publicKey' | 'sign'>,
  grant: Grant,
  before: SignedGrant | undefined,
): SignedGrant {
  const body = encode(grantCodec, grant).slice();
  const signature = signStatement(issuer, DOMAIN, statement(body, before));
  return { body, issuerPublicKey: issuer.publicKey, signature };
}

/** Undefined where the signature is not that of the issuer over these bytes behind `before`, or the bytes are no grant. */
export function readGrant(signed: SignedGrant, before: SignedGrant | undefined): ReadGrant | undefined {
  const { body, issuerPublicKey, signature } = signed;
  if (!verifyStatement(issuerPublicKey, DOMAIN, statement(body, before), signature)) return undefined;
  const grant = decodeGrant(body);
  return grant === undefined ? undefined : { grant, issuerId: deviceIdOf(issuerPublicKey) };
}

/** SHA-256 of all of it; as the next signature covers this one, it stands for all grants before it, too. */
export function hashOfGrant(signed: SignedGrant): Uint8Array {
  return new Uint8Array(hash('sha256', encode(signedGrantCodec, signed), 'buffer'));
}

/** What is signed: the hash of the grant before, or zeros, and the body. */
function statement(body: Uint8Array, before: SignedGrant | undefined): Uint8Array {
  const bytes = new Uint8Array(HASH_BYTES + body.length);
  if (before !== undefined) bytes.set(hashOfGrant(before));
  bytes.set(body, HASH_BYTES);
  return bytes;
}

/** What the bytes say, whoever signed them; undefined where they are no grant. */
export function decodeGrant(body: Uint8Array): Grant | undefined {
  try {
    return decode(grantCodec, body);
  } catch {
    // Of somebody who does not speak this protocol.
    return undefined;
  }
}
