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
  logout: unary(m.done, m.done),
  create_group: unary(m.groupRequest, m.done),
  join_group: unary(m.groupRequest, m.joinAnswer),
  leave_group: unary(m.groupRequest, m.done),
  list_groups: unary(m.listGroupsRequest, m.listGroupsAnswer),
  list_requests: unary(m.listRequestsRequest, m.listRequestsAnswer),
  accept_request: unary(m.decideRequest, m.done),
  reject_request: unary(m.decideRequest, m.done),
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
});

export { toHex } from './hex.ts';
export * from './messages.ts';
export { PRESENCE_COPIES, rendezvousOrder } from './rendezvous.ts';
export { MESSAGE_LIMITS };
