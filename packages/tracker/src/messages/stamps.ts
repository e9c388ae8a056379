/** How a device gets what it shows to be let in. */
import { list, optional, struct, varint } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { groupIdCodec, proofCodec, stampCodec } from './values.ts';

/** The groups of which the device that asks wants to show that it is let in. */
export const groupStampsRequest = struct(
  { groups: list(groupIdCodec, { maxItems: LIMITS.groupsPerStamps }) },
  { extensible: true },
);
/** Without `proof` no grant lets this device in, though its user may be a member: `join_group` asks for one. */
export const groupStamp = struct(
  {
    groupId: groupIdCodec,
    memberEpoch: varint,
    membership: optional(struct({ proof: proofCodec, stamp: stampCodec })),
  },
  { extensible: true },
);
/** Of groups that the user is no member of nothing is said; what did not fit is asked for again. */
export const groupStampsAnswer = struct(
  { stamps: list(groupStamp, { maxItems: LIMITS.groupsPerStamps }) },
  { extensible: true },
);
