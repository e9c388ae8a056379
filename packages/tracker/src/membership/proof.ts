/**
 * Proofs of membership: the chain of grants from the device that founded a group to the one that shows the proof.
 *
 * The first grant is the founder's to itself. Its hash is the key of the group: whoever knows it can tell a member from a
 * stranger without asking anybody, and a tracker that invents a member cannot make the chain. Admins vouch for anybody;
 * members for further devices of their own user; the key in an invitation for members, but in nobody's name that is in the
 * chain already: whoever reads its code must not become the founder, or who invited.
 *
 * A proof says who was let in. Whether they are still in is told by a stamp (`stamp.ts`).
 */
import { type Identity, isSameDevice } from '@minitorrent/rpc-core/identity';
import type { Codec } from '@minitorrent/wire-codec';
import { decode, encode, list } from '@minitorrent/wire-codec';
import {
  decodeGrant,
  type Grant,
  hashOfGrant,
  type ReadGrant,
  readGrant,
  type SignedGrant,
  signedGrantCodec,
  signGrant,
} from './grant.ts';

/** Admins who made admins: each link is some 250 bytes and a signature to check. */
export const MAX_GRANTS = 16;
/** Of the founder's grant to itself: it is what everything else hangs on. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

const proofCodec: Codec<readonly SignedGrant[]> = list(signedGrantCodec, { maxItems: MAX_GRANTS });

/** What a sound proof says. */
export interface CheckedProof {
  readonly isSound: true;
  /** SHA-256 of the founder's signed grant: the same for all proofs of one group. */
  readonly groupKey: Uint8Array;
  /** From the founder's grant to the last one. */
  readonly grants: readonly Grant[];
  /** The last one: whose proof it is. */
  readonly member: Grant;
}

/** `reason` completes "the proof is refused: ...". */
export type ProofCheck = CheckedProof | { readonly isSound: false; readonly reason: string };

/** What a group is founded with. */
export interface Founding {
  readonly groupId: string;
  readonly userId: string;
  /** 16 random bytes. */
  readonly nonce: Uint8Array;
}

/** The proof of a new group's founder. */
export function foundGroup(
  founder: Pick<Identity, 'deviceId' | 'publicKey' | 'sign'>,
  { groupId, userId, nonce }: Founding,
): Uint8Array {
  const { deviceId } = founder;
  const who = { groupId, userId, deviceId, role: 'admin' } as const;
  return write([signGrant(founder, { ...who, memberEpoch: 0, notAfterMs: NEVER_MS, nonce }, undefined)]);
}

/** `proof`, which is that of the device of `issuer`, with one more grant behind it; RangeError where it is too long. */
export function extendProof(
  proof: Uint8Array,
  issuer: Pick<Identity, 'publicKey' | 'sign'>,
  grant: Grant,
): Uint8Array {
  const links = decode(proofCodec, proof);
  if (links.length < MAX_GRANTS) return write([...links, signGrant(issuer, grant, links.at(-1))]);
  throw new RangeError(`Cannot extend a proof of ${links.length} grants, which is the most`);
}

/** Whether all of it is signed by whom it has to be, and everybody in it might say what they say. */
export function checkProof(proof: Uint8Array): ProofCheck {
  const links = decodedOr(proof, undefined);
  if (links === undefined) return fault('it cannot be read');
  const read = links.map((link, at) => readGrant(link, links[at - 1]));
  const grants: Grant[] = [];
  for (const link of read) {
    if (link === undefined) return fault('a signature in it is wrong');
    const wrong = whatIsWrong(link, grants);
    if (wrong !== undefined) return fault(wrong);
    grants.push(link.grant);
  }
  const [first] = links;
  const member = grants.at(-1);
  if (first === undefined || member === undefined) return fault('it is empty');
  return { isSound: true, groupKey: hashOfGrant(first), grants, member };
}

/**
 * Whether a removal makes it void. `revokedAt` tells at which epoch of the group a user was last removed on a device: the
 * grants to both from before that are void, and so is what was granted on their strength afterwards; what was granted earlier stays good.
 * A device that changes its own role signs the new grant with the epoch of that very change.
 */
export function isRevoked(
  { grants }: Pick<CheckedProof, 'grants'>,
  revokedAt: (grant: Pick<Grant, 'userId' | 'deviceId'>) => number | undefined,
): boolean {
  return grants.some((grant, at) => {
    const epoch = revokedAt(grant);
    if (epoch === undefined || grant.memberEpoch >= epoch) return false;
    const next = grants[at + 1];
    return next === undefined || next.memberEpoch > epoch;
  });
}

/** The proof of whoever signed the last grant of `proof`; undefined for a founder's. */
export function issuerProof(proof: Uint8Array): Uint8Array | undefined {
  const links = decodedOr(proof, []);
  return links.length < 2 ? undefined : write(links.slice(0, -1));
}

/** The key of the group that a proof is of, which was checked before; undefined for what is none. */
export function groupKeyOf(proof: Uint8Array): Uint8Array | undefined {
  const [first] = decodedOr(proof, []);
  return first === undefined ? undefined : hashOfGrant(first);
}

/** Whose proof it is, which was checked before; undefined for what is none. */
export function lastGrantOf(proof: Uint8Array): Grant | undefined {
  const last = decodedOr(proof, []).at(-1);
  return last === undefined ? undefined : decodeGrant(last.body);
}

/** `before`: the grants before it, all of which are right. */
function whatIsWrong({ grant, issuerId }: ReadGrant, before: readonly Grant[]): string | undefined {
  const issuer = before.at(-1);
  if (issuer === undefined) {
    const isFounder = grant.nonce !== undefined && grant.role === 'admin' && grant.memberEpoch === 0;
    return isFounder && isSameDevice(issuerId, grant.deviceId)
      ? undefined
      : 'it does not begin with a founder';
  }
  if (grant.nonce !== undefined) return 'a group in it was founded by somebody else';
  if (!isSameDevice(issuerId, issuer.deviceId)) return 'a grant in it is not signed by the device before it';
  if (grant.groupId !== issuer.groupId) return 'it is of two groups';
  if (!mayVouch(issuer, grant)) return `${issuer.userId} may not let ${grant.userId} in as ${grant.role}`;
  return issuer.role === 'invite' && before.some(({ userId }) => userId === grant.userId)
    ? `an invitation in it lets in ${grant.userId}, who invited or let in who did`
    : undefined;
}

function mayVouch(issuer: Grant, { role, userId }: Grant): boolean {
  if (issuer.role === 'admin') return true;
  return role === 'member' && (issuer.role === 'invite' || issuer.userId === userId);
}

/** A copy, because encoded messages share buffers. */
function write(links: readonly SignedGrant[]): Uint8Array {
  return encode(proofCodec, links).slice();
}

function decodedOr<T>(proof: Uint8Array, otherwise: T): readonly SignedGrant[] | T {
  try {
    return decode(proofCodec, proof);
  } catch {
    return otherwise;
  }
}

function fault(reason: string): ProofCheck {
  return { isSound: false, reason };
}
