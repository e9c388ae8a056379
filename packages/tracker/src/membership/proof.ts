/**
 * Proofs of membership: the chain of grants from the device that founded a group to the one that shows the proof.
 *
 * The first grant is the founder's to itself. Its hash is the key of the group: whoever knows it can tell a member from a
 * stranger without asking anybody, and a tracker that invents a member cannot make the chain. Admins vouch for anybody;
 * members for further devices of their own user; the key in an invitation for members.
 *
 * A proof says who was let in. Whether they are still in is told by a stamp (`stamp.ts`).
 */
import { hash } from 'node:crypto';
import { type Identity, isSameDevice } from '@minitorrent/rpc-core/identity';
import type { Codec } from '@minitorrent/wire-codec';
import { decode, encode, list } from '@minitorrent/wire-codec';
import {
  type Grant,
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

/** The proof of a new group's founder. */
export function foundGroup(
  founder: Identity,
  { groupId, userId }: { readonly groupId: string; readonly userId: string },
): Uint8Array {
  const { deviceId } = founder;
  const grant = { groupId, userId, deviceId, role: 'admin', memberEpoch: 0, notAfterMs: NEVER_MS } as const;
  return encode(proofCodec, [signGrant(founder, grant)]);
}

/** `proof`, which is that of the device of `issuer`, with one more grant behind it. */
export function extendProof(
  proof: Uint8Array,
  issuer: Pick<Identity, 'publicKey' | 'sign'>,
  grant: Grant,
): Uint8Array {
  return encode(proofCodec, [...decode(proofCodec, proof), signGrant(issuer, grant)]);
}

/** Whether all of it is signed by whom it has to be, and everybody in it might say what they say. */
export function checkProof(proof: Uint8Array): ProofCheck {
  const links = decodedOr(proof, undefined);
  if (links === undefined) return fault('it cannot be read');
  const read = links.map(readGrant);
  const grants: Grant[] = [];
  for (const link of read) {
    if (link === undefined) return fault('a signature in it is wrong');
    const wrong = whatIsWrong(link, grants.at(-1));
    if (wrong !== undefined) return fault(wrong);
    grants.push(link.grant);
  }
  const [first] = links;
  const member = grants.at(-1);
  if (first === undefined || member === undefined) return fault('it is empty');
  const groupKey = new Uint8Array(hash('sha256', encode(signedGrantCodec, first), 'buffer'));
  return { isSound: true, groupKey, grants, member };
}

/**
 * Whether a removal makes it void. `revokedAt` tells at which epoch of the group a device was last removed: its own grants
 * from before that are void, and so are those that it signed afterwards.
 */
export function isRevoked(
  { grants, member }: Pick<CheckedProof, 'grants' | 'member'>,
  revokedAt: (deviceId: Uint8Array) => number | undefined,
): boolean {
  return grants.some((grant, at) => {
    const epoch = revokedAt(grant.deviceId);
    if (epoch === undefined || grant.memberEpoch >= epoch) return false;
    return grant === member || (grants[at + 1]?.memberEpoch ?? 0) > epoch;
  });
}

/** The proof of whoever signed the last grant of `proof`; undefined for a founder's. */
export function issuerProof(proof: Uint8Array): Uint8Array | undefined {
  const links = decodedOr(proof, []);
  return links.length < 2 ? undefined : encode(proofCodec, links.slice(0, -1));
}

function whatIsWrong({ grant, issuerId }: ReadGrant, issuer: Grant | undefined): string | undefined {
  if (issuer === undefined) {
    const isFounder =
      isSameDevice(issuerId, grant.deviceId) && grant.role === 'admin' && grant.memberEpoch === 0;
    return isFounder ? undefined : 'it does not begin with a founder';
  }
  if (!isSameDevice(issuerId, issuer.deviceId)) return 'a grant in it is not signed by the device before it';
  if (grant.groupId !== issuer.groupId) return 'it is of two groups';
  return mayVouch(issuer, grant)
    ? undefined
    : `${issuer.userId} may not let ${grant.userId} in as ${grant.role}`;
}

function mayVouch(issuer: Grant, { role, userId }: Grant): boolean {
  if (issuer.role === 'admin') return true;
  return role === 'member' && (issuer.role === 'invite' || issuer.userId === userId);
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
