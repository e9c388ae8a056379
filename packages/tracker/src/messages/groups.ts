/** Messages about groups: who is in, who asks to be, and who decides. */
import { enumeration, list, optional, struct, text, varint } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { deviceIds, mayBeStale, proofs, requestId } from './parts.ts';
import { groupIdCodec, proofCodec, roleCodec, userIdCodec } from './values.ts';

/** `proof` is the founder's own: one grant of the device that asks to itself. */
export const createGroupRequest = struct(
  { requestId, groupId: groupIdCodec, proof: optional(proofCodec) },
  { extensible: true },
);
/** `proof` ends in a grant to the device that asks, signed by the key of an invitation. */
export const joinGroupRequest = struct(
  { requestId, groupId: groupIdCodec, proof: optional(proofCodec) },
  { extensible: true },
);
export const groupRequest = struct({ requestId, groupId: groupIdCodec }, { extensible: true });
/** `member`: an admin's peer accepted at once. `requested`: the request waits for an admin. */
export const joinAnswer = struct({ status: enumeration({ member: 1, requested: 2 }) }, { extensible: true });
/** Pages by name: `after` is the last name of the page before, or empty. */
export const listGroupsRequest = struct(
  { after: text({ maxBytes: LIMITS.identifierBytes }) },
  { extensible: true },
);
export const groupSummary = struct(
  {
    groupId: groupIdCodec,
    members: varint,
    files: varint,
    standing: enumeration({ none: 1, requested: 2, member: 3, admin: 4 }),
  },
  { extensible: true },
);
export const listGroupsAnswer = struct(
  {
    groups: list(groupSummary, { maxItems: LIMITS.groupsPerPage }),
    next: text({ maxBytes: LIMITS.identifierBytes }),
    mayBeStale,
  },
  { extensible: true },
);
/** A group and a user, between which no name has a slash. */
const requestPlace = text({ maxBytes: 2 * LIMITS.identifierBytes + 1 });
/** An empty `groupId` asks for the requests of every group that the caller administers. Pages as `list_groups` does. */
export const listRequestsRequest = struct(
  { groupId: text({ maxBytes: LIMITS.identifierBytes }), after: requestPlace },
  { extensible: true },
);
/** `deviceIds` are the user's devices that no grant lets in; `memberEpoch` is that of the group, for the grants. */
export const joinRequest = struct(
  { groupId: groupIdCodec, userId: userIdCodec, requestedAtMs: varint, deviceIds, memberEpoch: varint },
  { extensible: true },
);
export const listRequestsAnswer = struct(
  { requests: list(joinRequest, { maxItems: LIMITS.requestsPerPage }), next: requestPlace, mayBeStale },
  { extensible: true },
);
export const memberRequestOfAdmin = struct(
  { requestId, groupId: groupIdCodec, userId: userIdCodec },
  { extensible: true },
);
/** `proofs` are those of the user's devices, signed by the device that asks. */
export const acceptRequest = struct(
  { requestId, groupId: groupIdCodec, userId: userIdCodec, proofs: optional(proofs) },
  { extensible: true },
);
/** `proofs` replace those of the user's devices, with the new role. */
export const setRoleRequest = struct(
  { requestId, groupId: groupIdCodec, userId: userIdCodec, role: roleCodec, proofs: optional(proofs) },
  { extensible: true },
);
/** Pages by user id as `list_groups` does. For members. */
export const listMembersRequest = struct(
  { groupId: groupIdCodec, after: text({ maxBytes: LIMITS.identifierBytes }) },
  { extensible: true },
);
/** `deviceIds` are those that a grant lets in. */
export const groupMember = struct(
  { userId: userIdCodec, role: roleCodec, sinceMs: varint, deviceIds },
  { extensible: true },
);
export const listMembersAnswer = struct(
  {
    members: list(groupMember, { maxItems: LIMITS.membersPerPage }),
    next: text({ maxBytes: LIMITS.identifierBytes }),
    memberEpoch: varint,
    mayBeStale,
  },
  { extensible: true },
);
/** For admins, who look at what lets a member's devices in before they sign anew for them. */
export const memberProofsRequest = struct(
  { groupId: groupIdCodec, userId: userIdCodec },
  { extensible: true },
);
/** As many as one answer holds; none of a user whom nothing lets in. */
export const memberProofsAnswer = struct({ proofs, memberEpoch: varint, mayBeStale }, { extensible: true });
