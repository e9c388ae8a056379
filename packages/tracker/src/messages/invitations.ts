/** Messages about invitations to a group. */
import { list, struct, varint } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { mayBeStale, requestId } from './parts.ts';
import { deviceIdCodec, groupIdCodec, proofCodec, userIdCodec } from './values.ts';

/** `proof` ends in a grant with the role `invite`; it tells how long the invitation is good. */
export const createInvitationRequest = struct(
  { requestId, groupId: groupIdCodec, proof: proofCodec, maxUses: varint },
  { extensible: true },
);
/** `inviteId` is the device id of the invitation's key. */
export const invitationRequest = struct(
  { requestId, groupId: groupIdCodec, inviteId: deviceIdCodec },
  { extensible: true },
);
/** For whoever has an invitation's code, and no membership yet: what its key was granted. */
export const findInvitationRequest = struct(
  { groupId: groupIdCodec, inviteId: deviceIdCodec },
  { extensible: true },
);
export const findInvitationAnswer = struct({ proof: proofCodec, memberEpoch: varint }, { extensible: true });
export const invitation = struct(
  {
    inviteId: deviceIdCodec,
    invitedBy: userIdCodec,
    createdAtMs: varint,
    expiresAtMs: varint,
    maxUses: varint,
    uses: varint,
  },
  { extensible: true },
);
/** Those that can still be used. For admins. */
export const listInvitationsRequest = struct({ groupId: groupIdCodec }, { extensible: true });
export const listInvitationsAnswer = struct(
  { invitations: list(invitation, { maxItems: LIMITS.invitationsPerGroup }), mayBeStale },
  { extensible: true },
);
