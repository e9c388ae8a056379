/** @minitorrent/peer: one user's node. */

// What peers ask of each other
export { peerContract } from './contract.ts';
// Errors
export { PeerError, type PeerErrorCode } from './errors.ts';
// A peer and what it reports
export type {
  AcceptOptions,
  ByteRange,
  CallOptions,
  Device,
  Download,
  DownloadOptions,
  DownloadPeer,
  DownloadProgress,
  FileSummary,
  GroupMember,
  GroupMembers,
  GroupSummary,
  Invitation,
  InviteOptions,
  JoinOptions,
  JoinPolicy,
  JoinRequest,
  Listing,
  NewInvitation,
  Peer,
  PeerEvents,
  PickStrategyName,
  ScheduledLimits,
  Share,
  ShareOptions,
  SignedDevices,
  TransferLimits,
  TransferPlan,
  WaitingReason,
} from './peer.ts';
export { type CreatePeerOptions, createPeer } from './shell/create-peer.ts';
