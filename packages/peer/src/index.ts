/** @minitorrent/peer: one user's node. */

// What peers ask of each other
export { peerContract } from './contract.ts';
// Errors
export { PeerError, type PeerErrorCode } from './errors.ts';
// A peer and what it reports
export type {
  AcceptOptions,
  CallOptions,
  Device,
  FileSummary,
  GroupMember,
  GroupMembers,
  GroupSummary,
  Invitation,
  InviteOptions,
  JoinOptions,
  JoinRequest,
  Listing,
  NewInvitation,
  SignedDevices,
} from './groups.ts';
export type { JoinPolicy, Peer, PeerEvents } from './peer.ts';
export { type CreatePeerOptions, createPeer } from './shell/create-peer.ts';
export type {
  ByteRange,
  Download,
  DownloadOptions,
  DownloadPeer,
  DownloadProgress,
  PickStrategyName,
  ScheduledLimits,
  Share,
  ShareOptions,
  TransferLimits,
  TransferPlan,
  WaitingReason,
} from './transfers.ts';
