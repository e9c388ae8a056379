/** Devices with keys that follow from a number, and proofs that they sign. */
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import type { Grant } from '../../src/membership/grant.ts';
import { extendProof, foundGroup } from '../../src/membership/proof.ts';

const made = new Map<number, Identity>();

/** The same for the same number; making one takes a millisecond. */
export function device(number: number): Identity {
  const seed = new Uint8Array(32).fill(number & 0xff).fill(number >>> 8, 0, 1);
  const identity = made.get(number) ?? createIdentity({ seed });
  made.set(number, identity);
  return identity;
}

export const FOREVER: number = Number.MAX_SAFE_INTEGER;

/** The proof of the device that founds the group. */
export function founded(founder: Identity, groupId = 'friends', userId = 'alice', nonce = 1): Uint8Array {
  return foundGroup(founder, { groupId, userId, nonce: new Uint8Array(16).fill(nonce) });
}

/** Whom one device lets in. */
export interface Step extends Partial<Pick<Grant, 'groupId' | 'role' | 'memberEpoch' | 'notAfterMs'>> {
  readonly userId: string;
  readonly device: Identity;
}

/** `proof`, which is that of `issuer`, with a grant for `step` behind it. */
export function granted(proof: Uint8Array, issuer: Identity, step: Step): Uint8Array {
  const { groupId = 'friends', role = 'member', memberEpoch = 1, notAfterMs = FOREVER } = step;
  const { deviceId } = step.device;
  return extendProof(proof, issuer, {
    groupId,
    userId: step.userId,
    deviceId,
    role,
    memberEpoch,
    notAfterMs,
  });
}
