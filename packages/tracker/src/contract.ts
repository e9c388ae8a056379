/**
 * What a tracker serves, and what it asks of the peers that are connected to it.
 *
 * Pure: codecs and types. `@minitorrent/tracker/contract` is all of this package that a peer may import. The names are
 * the protocol's message names and never change; `PROTOCOL.md` describes each message and its errors.
 */
import { defineContract, unary } from '@minitorrent/rpc-core';
import { MESSAGE_LIMITS } from './message-limits.ts';
import * as m from './messages.ts';

const SYNC_BYTES = MESSAGE_LIMITS.syncBytes;

/** The messages that a tracker serves. */
export const trackerContract = defineContract({
  create_user: unary(m.createUserRequest, m.done),
  login: unary(m.loginRequest, m.loginAnswer),
  resume_session: unary(m.resumeSessionRequest, m.loginAnswer),
  logout: unary(m.done, m.done),
  change_password: unary(m.changePasswordRequest, m.done),
  list_devices: unary(m.done, m.listDevicesAnswer),
  revoke_device: unary(m.revokeDeviceRequest, m.done),
  create_group: unary(m.createGroupRequest, m.done),
  join_group: unary(m.joinGroupRequest, m.joinAnswer),
  leave_group: unary(m.groupRequest, m.done),
  list_groups: unary(m.listGroupsRequest, m.listGroupsAnswer),
  list_requests: unary(m.listRequestsRequest, m.listRequestsAnswer),
  accept_request: unary(m.acceptRequest, m.done),
  reject_request: unary(m.memberRequestOfAdmin, m.done),
  list_members: unary(m.listMembersRequest, m.listMembersAnswer),
  member_proofs: unary(m.memberProofsRequest, m.memberProofsAnswer),
  remove_member: unary(m.memberRequestOfAdmin, m.done),
  set_role: unary(m.setRoleRequest, m.done),
  create_invitation: unary(m.createInvitationRequest, m.done),
  list_invitations: unary(m.listInvitationsRequest, m.listInvitationsAnswer),
  find_invitation: unary(m.findInvitationRequest, m.findInvitationAnswer),
  revoke_invitation: unary(m.invitationRequest, m.done),
  group_stamps: unary(m.groupStampsRequest, m.groupStampsAnswer),
  list_file: unary(m.listFileRequest, m.listFileAnswer),
  upload_file: unary(m.uploadFileRequest, m.done),
  download_file: unary(m.downloadFileRequest, m.done),
  stop_sharing: unary(m.stopSharingRequest, m.done),
  announce: unary(m.announceRequest, m.announceAnswer),
  forward: unary(m.forwardRequest, m.forwardAnswer),
  tracker_status: unary(m.operatorRequest, m.trackerStatusAnswer),
  promote: unary(m.operatorRequest, m.done),
  sync: unary(m.syncRequest, m.syncAnswer, { maxRequestBytes: SYNC_BYTES, maxResponseBytes: SYNC_BYTES }),
});

/** The messages that a tracker sends to a connected peer. */
export const trackerCallbacks = defineContract({
  make_file: unary(m.makeFileRequest, m.done),
  peer_authentication: unary(m.peerAuthenticationRequest, m.peerAuthenticationAnswer),
  membership_changed: unary(m.membershipChangedRequest, m.done),
  devices_revoked: unary(m.devicesRevokedRequest, m.done),
});

export { deviceKey } from './device-key.ts';
export { toHex } from './hex.ts';
export * from './membership/file-signature.ts';
export * from './membership/grant.ts';
export * from './membership/invitation.ts';
export {
  type CheckedProof,
  checkProof,
  extendProof,
  foundGroup,
  groupKeyOf,
  isRevoked,
  issuerProof,
  lastGrantOf,
  type ProofCheck,
} from './membership/proof.ts';
export * from './membership/stamp.ts';
export * from './messages.ts';
export { PRESENCE_COPIES, rendezvousOrder } from './rendezvous.ts';
export { MESSAGE_LIMITS };
