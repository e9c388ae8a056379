/**
 * What a device signs to let others in: for each device one grant behind its own proof of membership.
 *
 * Pure: what the group is at present comes in, proofs go out. Trackers and peers check them by the same rules
 * (`membership/proof.ts` of the tracker).
 */
import type { Identity } from '@minitorrent/rpc-core/identity';
import {
  checkProof,
  extendProof,
  type Grant,
  type GrantRole,
  groupKeyOf,
  MESSAGE_LIMITS,
} from '@minitorrent/tracker/contract';
import { PeerError } from './errors.ts';

/** Longer than anybody is away, and not for ever: keys get lost. */
export const GRANT_LIFE_MS: number = 400 * 24 * 60 * 60 * 1000;

/** Who signs, and by what right. */
export interface Voucher {
  readonly key: Pick<Identity, 'publicKey' | 'sign'>;
  /** That of the device with this key. */
  readonly proof: Uint8Array;
  /** Of the group, as a tracker has it. */
  readonly memberEpoch: number;
}

export interface Vouched {
  readonly groupId: string;
  /** Whom the devices speak for. */
  readonly userId: string;
  readonly role: GrantRole;
  readonly notAfterMs: number;
}

/**
 * A proof for each device, of so many as one message holds: the others can ask for theirs. Fails with `limit_reached` where
 * the chain of who let whom in is too long already.
 */
export function vouchFor(
  voucher: Voucher,
  deviceIds: readonly Uint8Array[],
  vouched: Vouched,
): readonly Uint8Array[] {
  const proofs: Uint8Array[] = [];
  let bytes = 0;
  for (const deviceId of deviceIds) {
    const proof = extend(voucher, { ...vouched, deviceId, memberEpoch: voucher.memberEpoch + 1 });
    bytes += proof.length;
    if (bytes > MESSAGE_LIMITS.proofsBytes) break;
    proofs.push(proof);
  }
  return proofs;
}

/** A sound proof of that very device, and the group that it is of; undefined for anything else. */
export function readProof(
  proof: Uint8Array,
  who: { readonly groupId: string; readonly deviceId: Uint8Array },
): { readonly groupKey: Uint8Array; readonly member: Grant } | undefined {
  const checked = checkProof(proof);
  if (!checked.isSound) return undefined;
  const { groupKey, member } = checked;
  const isIt = member.groupId === who.groupId && isSameBytes(member.deviceId, who.deviceId);
  return isIt ? { groupKey, member } : undefined;
}

/** The key of the group that was founded by this proof. */
export function keyOfFounding(proof: Uint8Array): Uint8Array {
  const groupKey = groupKeyOf(proof);
  if (groupKey !== undefined) return groupKey;
  throw new TypeError('Cannot read the proof that was made just now');
}

/** Whether `bytes` begin with `start`, which is not secret. */
export function beginsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, at) => bytes[at] === byte);
}

export function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && beginsWith(a, b);
}

function extend({ key, proof }: Voucher, grant: Grant): Uint8Array {
  try {
    return extendProof(proof, key, grant);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new PeerError(
      'limit_reached',
      `Cannot let ${grant.userId} into ${grant.groupId} by this device: too many let one another in before it; ask an earlier admin`,
      { cause },
    );
  }
}
