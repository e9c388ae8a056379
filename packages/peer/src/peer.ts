/**
 * The public face of a peer: what an application can ask of it and what it reports.
 *
 * Types only. `createPeer` makes one; the CLI is one user of this interface, another program can be the next.
 */
import type { Address } from '@minitorrent/rpc-core';
import type {
  AcceptOptions,
  CallOptions,
  Device,
  FileSummary,
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
import type { Download, DownloadOptions, Share, ShareOptions, TransferPlan } from './transfers.ts';

/** What a peer reports; the names are stable. */
export interface PeerEvents {
  /** A tracker can be reached, and who is logged in there. */
  'tracker-connected': [{ readonly address: Address; readonly userId: string | undefined }];
  /**
   * A tracker that could be reached is gone, or another device answers in its place: then `code` is `wrong_identity`, nothing
   * was told to that device, and it is tried once a minute. Undefined where the tracker closed the connection in good order.
   */
  'tracker-lost': [
    { readonly address: Address; readonly reason: string; readonly code?: string | undefined },
  ];
  /**
   * The user has to log in again, with the password. While `peer.userId` still says who is logged in, a tracker does not
   * know this device (`unknown_device`) and the others go on; otherwise the user is logged out: the password is another one
   * (`wrong_password`), or this device was revoked (`device_revoked`).
   */
  'login-needed': [{ readonly userId: string; readonly reason: string; readonly code: string }];
  /** The user was let in without a tracker. What is shared is served; trackers are told as soon as one comes back. */
  offline: [{ readonly userId: string }];
  /** Somebody asks to join a group that this user administers, or the user themselves on a further device. */
  'join-request': [
    { readonly groupId: string; readonly userId: string; readonly deviceIds: readonly Uint8Array[] },
  ];
  /**
   * The user is in this group and this device is not, so it has asked to be let in: an admin, or the user on another device,
   * has to accept it. Until then nothing of the group can be shared or downloaded here.
   */
  'device-waiting': [{ readonly groupId: string; readonly userId: string; readonly deviceId: Uint8Array }];
  /**
   * What the user is in the group from now on. `was`: what this device could prove until then; undefined where it could prove
   * nothing. The same as before is told, too, as after another device was let in.
   */
  'membership-changed': [
    {
      readonly groupId: string;
      readonly standing: 'member' | 'admin' | 'refused' | 'removed';
      readonly was?: 'member' | 'admin' | undefined;
    },
  ];
  /**
   * A tracker says that a group has another founder than this device knows: the tracker is altered, or the group was made
   * anew under its name. It is not believed; leaving the group and joining again makes this device forget the first one.
   */
  'wrong-group-key': [{ readonly groupId: string; readonly reason: string; readonly code: string }];
  'download-started': [Download];
  'download-completed': [Download];
  'download-failed': [Download, Error];
  /**
   * A peer was caught lying, by a wrong piece or by what no version of the protocol sends, and is not used again for this
   * download. `piece` is 0 where the lie was about none.
   */
  'peer-banned': [
    { readonly groupId: string; readonly name: string; readonly userId: string; readonly piece: number },
  ];
  'share-changed': [Share];
}

/** Decides on a request to join a group of this user; `undecided` leaves it waiting at the tracker. */
export type JoinPolicy = (
  request: { readonly groupId: string; readonly userId: string; readonly deviceIds: readonly Uint8Array[] },
  options: { readonly signal: AbortSignal },
) => Promise<'accept' | 'refuse' | 'undecided'>;

/** One user's node: talks to the tracker, shares files, serves pieces, downloads. */
export interface Peer extends AsyncDisposable {
  /** 32 bytes that name this device: the SHA-256 of its public key. */
  readonly deviceId: Uint8Array;
  /** Where other peers reach this one. */
  readonly address: Address;
  /** The user who is logged in. */
  readonly userId: string | undefined;

  createUser(userId: string, password: string, options?: CallOptions): Promise<void>;
  /**
   * Logs in and takes up again what this device shared and downloaded as this user. While no tracker can be reached, a user
   * who logged in on this device before is let in by the password they had then; the event `offline` tells of that.
   */
  login(userId: string, password: string, options?: CallOptions): Promise<void>;
  /** Stops serving and downloading until the next login. */
  logout(options?: CallOptions): Promise<void>;
  /** `oldPassword` is asked for again, because a device may lie about for a moment. Other devices stay logged in. */
  changePassword(oldPassword: string, newPassword: string, options?: CallOptions): Promise<void>;
  /** The user's devices in the order in which they came, this one among them. */
  listDevices(options?: CallOptions): Promise<Listing<Device>>;
  /** That device is logged out, at once and for ever, and out of all groups. */
  revokeDevice(deviceId: Uint8Array, options?: CallOptions): Promise<void>;

  createGroup(groupId: string, options?: CallOptions): Promise<void>;
  /**
   * `requested`: the request waits for an admin, who need not be online now. With an invitation's code the user is in at
   * once, and a tracker that shows another group of that name is found out (`wrong_group_key`).
   */
  joinGroup(groupId: string, options?: JoinOptions): Promise<'member' | 'requested'>;
  /**
   * Fails with `last_admin` where others would be left without one: make one of them admin first. Only this forgets the key of
   * the group, so that another of its name can be joined; somebody who was removed leaves, too, before that.
   */
  leaveGroup(groupId: string, options?: CallOptions): Promise<void>;
  listGroups(options?: CallOptions): Promise<Listing<GroupSummary>>;
  listRequests(groupId?: string, options?: CallOptions): Promise<Listing<JoinRequest>>;
  /** Lets the devices of the request in: this device signs for them, so it has to be in itself (`not_admitted`). */
  acceptRequest(groupId: string, userId: string, options?: AcceptOptions): Promise<SignedDevices>;
  rejectRequest(groupId: string, userId: string, options?: CallOptions): Promise<void>;
  listMembers(groupId: string, options?: CallOptions): Promise<GroupMembers>;
  /** Takes somebody out with all their devices; for admins. */
  removeMember(groupId: string, userId: string, options?: CallOptions): Promise<void>;
  /** Signs for the devices of which there are proofs that they are the member's. */
  makeAdmin(groupId: string, userId: string, options?: CallOptions): Promise<SignedDevices>;
  unmakeAdmin(groupId: string, userId: string, options?: CallOptions): Promise<SignedDevices>;
  /** A code by which others can join; for admins. */
  invite(groupId: string, options?: InviteOptions): Promise<NewInvitation>;
  listInvitations(groupId: string, options?: CallOptions): Promise<Listing<Invitation>>;
  /** Nobody joins by it any more: by the id that `listInvitations` shows, or by the code. */
  revokeInvitation(groupId: string, invitation: Uint8Array | string, options?: CallOptions): Promise<void>;

  listFiles(groupId: string, options?: CallOptions): Promise<Listing<FileSummary>>;
  /** Hashes the file, tells the tracker and serves it from where it lies. */
  uploadFile(groupId: string, path: string, options?: ShareOptions): Promise<Share>;
  /** Starts a download and answers once the tracker has described the file. */
  downloadFile(groupId: string, name: string, options?: DownloadOptions): Promise<Download>;
  /** Takes a file that this user shared out of the group. The file on disk stays. */
  stopSharing(groupId: string, name: string, options?: CallOptions): Promise<void>;
  shares(): readonly Share[];
  downloads(): readonly Download[];

  /** Limits what is sent and received from now on. Fails with a RangeError for a plan that cannot be meant. */
  limitTransfers(plan: TransferPlan): void;

  on<E extends keyof PeerEvents>(event: E, listener: (...args: PeerEvents[E]) => void): this;
  off<E extends keyof PeerEvents>(event: E, listener: (...args: PeerEvents[E]) => void): this;

  /** Stops everything in good order; what was running goes on at the next start. Idempotent. */
  close(): Promise<void>;
}
