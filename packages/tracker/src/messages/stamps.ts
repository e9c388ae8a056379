/** How a device gets what it shows to be let in. */
import { list, optional, struct, varint } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { deviceIdCodec, groupIdCodec, proofCodec, stampCodec, userIdCodec } from './values.ts';

/** The groups of which the device that asks wants to show that it is let in. */
export const groupStampsRequest = struct(
  { groups: list(groupIdCodec, { maxItems: LIMITS.groupsPerStamps }) },
  { extensible: true },
);
/** Grants to that user on that device from before the epoch are void. */
export const revocation = struct(
  { userId: userIdCodec, deviceId: deviceIdCodec, memberEpoch: varint },
  { extensible: true },
);
/** Without `membership` no grant lets this device in, though its user may be a member: `join_group` asks for one. */
export const groupStamp = struct(
  {
    groupId: groupIdCodec,
    memberEpoch: varint,
    membership: optional(struct({ proof: proofCodec, stamp: stampCodec }, { extensible: true })),
    /** The latest ones, for whoever was away when `devices_revoked` told of them. */
    revoked: list(revocation, { maxItems: LIMITS.revocationsPerStamp }),
  },
  { extensible: true },
);
/** Of groups that the user is no member of nothing is said; what did not fit is asked for again. */
export const groupStampsAnswer = struct(
  { stamps: list(groupStamp, { maxItems: LIMITS.groupsPerStamps }) },
  { extensible: true },
);
