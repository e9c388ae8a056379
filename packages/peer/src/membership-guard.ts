/**
 * Decides who is a member of a group, without asking anybody: by the proof and the stamp that a device shows.
 *
 * What affects it:
 * - the key that is pinned for the group: a proof of another group of the same name is nobody's;
 * - revocations: grants to a removed device that are older than its removal are void, and so is what it granted later;
 * - whose stamps count: those of the trackers that were pinned; of any tracker where the network proves none;
 * - time, as an argument: a stamp is good until it says, and for the grace longer while no tracker can be reached;
 * - what a device showed before: never an older stamp than that.
 *
 * It remembers proofs that it has checked, because a proof is up to sixteen signatures and the same for months.
 */
import { hash } from 'node:crypto';
import { isSameDevice } from '@minitorrent/rpc-core/identity';
import {
  type CheckedProof,
  checkProof,
  deviceKey,
  groupKeyOf,
  isRevoked,
  readStamp,
  STAMP_LIFE_MS,
  type Stamp,
} from '@minitorrent/tracker/contract';
import { RecentMap } from './recent-map.ts';

/** Of a kilobyte or so each: the members of large groups, and nothing of strangers, whose proofs are not kept. */
const REMEMBERED_PROOFS = 1_024;
/** A device that is forgotten may show an older stamp once more, while that is good. */
const REMEMBERED_STAMPS = 4_096;
/** How far the clock of a tracker may be ahead of this one. No stamp from further in the future is believed. */
const MAX_AHEAD_MS = STAMP_LIFE_MS;

/**
 * Why somebody is not let in; `not_admitted` where another stamp, or the right clock, would change it, and for whoever shows
 * nothing that begins with the founding of this very group.
 */
export type RefusalCode = 'bad_proof' | 'device_revoked' | 'not_admitted' | 'wrong_device';

/** What somebody shows of themselves. */
export interface MembershipClaim {
  readonly groupId: string;
  readonly proof: Uint8Array;
  readonly stamp: Uint8Array;
}

/** A device that was let in, and what it hangs on. */
export interface Member {
  readonly groupId: string;
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly grants: Pick<CheckedProof, 'grants' | 'member'>;
  /** When its stamp ends, milliseconds since the Unix epoch. */
  readonly stampEndsMs: number;
}

export type GuardVerdict =
  | { readonly kind: 'member'; readonly member: Member; readonly untilMs: number }
  /** `reason` completes "you are not let in: ...". */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly reason: string };

export interface GuardOptions {
  /** The device ids of the trackers whose stamps count; undefined where the network proves nobody, and any does. */
  readonly trackerIds: readonly Uint8Array[] | undefined;
  /** How much longer a stamp is good while no tracker can be reached. */
  readonly graceMs: number;
}

/** Removals of which a tracker told: from that member epoch on, what the user was granted on these devices before is void. */
export interface Revocation {
  readonly groupId: string;
  readonly memberEpoch: number;
  readonly userId: string;
  readonly deviceIds: readonly Uint8Array[];
}

interface GroupKnowledge {
  key: Uint8Array | undefined;
  /** By user and device: two users may take turns at one device. */
  readonly revoked: Map<string, number>;
  /** The same. */
  readonly stamps: RecentMap<string, Pick<Stamp, 'memberEpoch' | 'notAfterMs'>>;
}

export class MembershipGuard {
  readonly #options: GuardOptions;
  readonly #groups = new Map<string, GroupKnowledge>();
  readonly #proofs = new RecentMap<string, CheckedProof>(REMEMBERED_PROOFS);

  constructor(options: GuardOptions) {
    if (!(options.graceMs >= 0)) throw new RangeError(`Cannot give ${options.graceMs} ms of grace`);
    this.#options = options;
  }

  /** The key that is pinned for the group. */
  groupKey(groupId: string): Uint8Array | undefined {
    return this.#groups.get(groupId)?.key;
  }

  /** Pins the key of the group; false where another one is pinned, which stays. */
  pin(groupId: string, groupKey: Uint8Array): boolean {
    const group = this.#group(groupId);
    group.key ??= groupKey.slice();
    return isSameDevice(group.key, groupKey);
  }

  /** Nobody is a member of that group any more, as far as this peer goes. */
  forget(groupId: string): void {
    this.#groups.delete(groupId);
  }

  /** Forgets all groups. */
  clear(): void {
    this.#groups.clear();
  }

  /** Whether a removal that is known makes the proof void. */
  isRevoked(proof: CheckedProof): boolean {
    return isVoid(proof, this.#groups.get(proof.member.groupId)?.revoked ?? new Map());
  }

  /** Whether it says anything that is not known. */
  isNews({ groupId, memberEpoch, userId, deviceIds }: Revocation): boolean {
    const known = this.#groups.get(groupId)?.revoked;
    return deviceIds.some((deviceId) => (known?.get(deviceKey(userId, deviceId)) ?? -1) < memberEpoch);
  }

  /** Answers whom it hits: a function that tells whether what a member hangs on is void now. */
  revoke({ groupId, memberEpoch, userId, deviceIds }: Revocation): (member: Member) => boolean {
    const { revoked } = this.#group(groupId);
    for (const deviceId of deviceIds) {
      const device = deviceKey(userId, deviceId);
      revoked.set(device, Math.max(memberEpoch, revoked.get(device) ?? 0));
    }
    return (member) => member.groupId === groupId && isVoid(member.grants, revoked);
  }

  /**
   * Whether the device with that id is a member. Without `deviceId`, where the network proves none, it is taken to be the one
   * that its proof names.
   */
  check(
    claim: MembershipClaim & { readonly deviceId: Uint8Array | undefined },
    when: { readonly nowMs: number; readonly hasTracker: boolean },
  ): GuardVerdict {
    const group = this.#groups.get(claim.groupId);
    // Before any signature is checked, and in the same words: nobody else learns which groups this peer is in.
    const claimedKey = groupKeyOf(claim.proof);
    if (group?.key === undefined || claimedKey === undefined || !isSameDevice(claimedKey, group.key))
      return refused('not_admitted', 'this peer is in no group of that name that the proof is of');
    const proof = this.#read(claim.proof);
    if (typeof proof === 'string') return refused('bad_proof', proof);
    const { userId, deviceId, groupId, role } = proof.member;
    if (groupId !== claim.groupId || role === 'invite')
      return refused('bad_proof', `it lets nobody into ${claim.groupId}`);
    if (!isSameDevice(deviceId, claim.deviceId ?? deviceId))
      return refused('wrong_device', 'the proof is of another device');
    if (isVoid(proof, group.revoked))
      return refused('device_revoked', `this device of ${userId} was removed`);
    const stamp = this.#readStamp(claim.stamp, proof, when.nowMs);
    if (typeof stamp === 'string') return refused('not_admitted', stamp);
    const member = { groupId, userId, deviceId, grants: proof, stampEndsMs: stamp.notAfterMs };
    const untilMs = this.untilMs(member, when);
    if (when.nowMs > untilMs) return refused('not_admitted', endedBecause(member, when));
    const shownBy = deviceKey(userId, deviceId);
    if (isOlder(stamp, group.stamps.get(shownBy)))
      return refused('not_admitted', 'the stamp is older than one that was shown before');
    group.stamps.set(shownBy, stamp);
    return { kind: 'member', member, untilMs };
  }

  /** Until when somebody who was let in stays so, milliseconds since the Unix epoch. */
  untilMs({ grants, stampEndsMs }: Member, { hasTracker }: { readonly hasTracker: boolean }): number {
    return Math.min(grants.member.notAfterMs, stampEndsMs + (hasTracker ? 0 : this.#options.graceMs));
  }

  /** The proof, if it is sound; otherwise why it is not. */
  #read(bytes: Uint8Array): CheckedProof | string {
    const key = hash('sha256', bytes, 'base64url');
    const known = this.#proofs.get(key);
    // What is remembered must not hold on to the message that it came with.
    const proof = known ?? checkProof(bytes.slice());
    if (!proof.isSound) return proof.reason;
    if (known === undefined) this.#proofs.set(key, proof);
    return proof;
  }

  #readStamp(
    bytes: Uint8Array,
    { groupKey, member }: CheckedProof,
    nowMs: number,
  ): Pick<Stamp, 'memberEpoch' | 'notAfterMs'> | string {
    const read = readStamp(bytes);
    if (read === undefined) return 'the stamp cannot be read, or its signature is wrong';
    const { stamp, trackerId } = read;
    const { trackerIds } = this.#options;
    if (trackerIds?.some((trusted) => isSameDevice(trusted, trackerId)) === false)
      return 'the stamp is of a tracker that this peer does not know';
    const isTheirs = stamp.userId === member.userId && isSameDevice(stamp.deviceId, member.deviceId);
    if (!isTheirs || !isSameDevice(stamp.groupKey, groupKey))
      return 'the stamp is of another user, device or group';
    const { memberEpoch, notAfterMs } = stamp;
    if (memberEpoch < member.memberEpoch) return 'the stamp is older than the proof';
    if (notAfterMs > nowMs + STAMP_LIFE_MS + MAX_AHEAD_MS)
      return 'the stamp is from the future; one of the clocks is wrong';
    return { memberEpoch, notAfterMs };
  }

  #group(groupId: string): GroupKnowledge {
    const known = this.#groups.get(groupId);
    if (known !== undefined) return known;
    const group: GroupKnowledge = {
      key: undefined,
      revoked: new Map(),
      stamps: new RecentMap(REMEMBERED_STAMPS),
    };
    this.#groups.set(groupId, group);
    return group;
  }
}

function isVoid(
  proof: Pick<CheckedProof, 'grants' | 'member'>,
  revoked: ReadonlyMap<string, number>,
): boolean {
  return (
    revoked.size > 0 && isRevoked(proof, ({ userId, deviceId }) => revoked.get(deviceKey(userId, deviceId)))
  );
}

/** By what the group was when it was signed, and then by time: trackers have clocks of their own. */
function isOlder(
  stamp: Pick<Stamp, 'memberEpoch' | 'notAfterMs'>,
  shown: Pick<Stamp, 'memberEpoch' | 'notAfterMs'> | undefined,
): boolean {
  if (shown === undefined || stamp.memberEpoch > shown.memberEpoch) return false;
  return stamp.memberEpoch < shown.memberEpoch || stamp.notAfterMs < shown.notAfterMs;
}

function endedBecause(
  { grants, userId, stampEndsMs }: Member,
  { nowMs, hasTracker }: { readonly nowMs: number; readonly hasTracker: boolean },
): string {
  if (nowMs > grants.member.notAfterMs) return `the membership of ${userId} was granted until before now`;
  const age = `the stamp ended ${Math.ceil((nowMs - stampEndsMs) / 1000)} s ago`;
  return hasTracker ? age : `${age}, which is too long even while no tracker can be reached`;
}

function refused(code: RefusalCode, reason: string): GuardVerdict {
  return { kind: 'refused', code, reason };
}
