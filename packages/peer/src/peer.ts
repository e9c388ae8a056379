/**
 * The public face of a peer: what an application can ask of it and what it reports.
 *
 * Types only. `createPeer` makes one; the CLI is one user of this interface, another program can be the next.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import type { Address } from '@minitorrent/rpc-core';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** How a downloader chooses its next piece and the peer to ask: `random` is the seed's algorithm. */
export type PickStrategyName = 'rarest-first' | 'random' | 'sequential';

/** What a tracker answered with several things. */
export interface Listing<T> {
  readonly items: readonly T[];
  /** Something acknowledged a moment ago may be missing: a backup answered, or a primary that hears of no backup now. */
  readonly mayBeStale: boolean;
}

export interface GroupSummary {
  readonly groupId: string;
  readonly members: number;
  readonly files: number;
  readonly standing: 'none' | 'requested' | 'member' | 'admin';
}

export interface FileSummary {
  readonly file: FileDescriptor;
  readonly sharedBy: string;
  readonly sharedAtMs: number;
  readonly seeders: number;
  readonly leechers: number;
  /** Which device of `sharedBy` signed it; undefined where that is not proved. */
  readonly sharedByDevice: Uint8Array | undefined;
  /**
   * A device of `sharedBy` that is, or was, a member signed this very file. What is not signed cannot be downloaded: the
   * tracker may have made it up.
   */
  readonly isSigned: boolean;
}

/** Somebody asks to be let into a group: a new member, or a member on a further device. */
export interface JoinRequest {
  readonly groupId: string;
  readonly userId: string;
  readonly requestedAtMs: number;
  /** Which devices would be let in: for people to compare, because a tracker could put in another one. */
  readonly deviceIds: readonly Uint8Array[];
}

/** A device on which the user has logged in. */
export interface Device {
  readonly deviceId: Uint8Array;
  /** What it calls itself, at most 64 bytes; to be escaped where it is shown, as every text from outside. */
  readonly name: string;
  /** When it first logged in, milliseconds since the Unix epoch. */
  readonly boundAtMs: number;
  readonly isOnline: boolean;
  /** It can never log in again. */
  readonly isRevoked: boolean;
}

export interface GroupMember {
  readonly userId: string;
  readonly role: 'member' | 'admin';
  readonly sinceMs: number;
  /** Those that are let in. */
  readonly deviceIds: readonly Uint8Array[];
}

export interface GroupMembers extends Listing<GroupMember> {
  /**
   * 32 bytes that tell this group from every other one of its name: the same for all its members, so two people can compare
   * them (`formatDeviceId` writes them). Undefined while this device has not been let in.
   */
  readonly groupKey: Uint8Array | undefined;
}

/** An invitation that can still be used. */
export interface Invitation {
  readonly inviteId: Uint8Array;
  readonly invitedBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly maxUses: number;
  readonly uses: number;
}

export interface NewInvitation {
  /** To be passed on, and as secret as a password: whoever has it can join. It is shown here and never again. */
  readonly code: string;
  readonly inviteId: Uint8Array;
  readonly expiresAtMs: number;
  readonly maxUses: number;
}

export interface AcceptOptions extends CallOptions {
  /** The devices that were compared with what their user says: no other is let in. All of the request unless given. */
  readonly deviceIds?: readonly Uint8Array[];
}

/** The devices for which this one has signed. A tracker may have named them: compare them with what their user says. */
export interface SignedDevices {
  readonly deviceIds: readonly Uint8Array[];
}

export interface InviteOptions extends CallOptions {
  /** 7 days unless given. */
  readonly expiresInMs?: number;
  /** How many can join by it; one unless given. */
  readonly maxUses?: number;
}

export interface JoinOptions extends CallOptions {
  /** The code of an invitation: with it nobody has to decide. */
  readonly invitation?: string | undefined;
}

/** A file that this peer serves from where it lies. */
export interface Share {
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly path: string;
  /**
   * `changed`: the file on disk is no longer the one that was shared, so it is not served. `unreadable`: the operating
   * system does not let this program read it, or cannot.
   */
  readonly state: 'serving' | 'changed' | 'missing' | 'unreadable';
  readonly uploadedBytes: number;
}

export interface ShareOptions extends CallOptions {
  /** The size that the user believes the file has, bytes; another size on disk is refused with `wrong_size`. */
  readonly expectedSize?: number;
  /** Bytes hashed so far, of how many. */
  readonly onProgress?: (hashedBytes: number, totalBytes: number) => void;
}

export interface DownloadOptions extends CallOptions {
  /** Where the finished file goes; the peer's download folder by default. */
  readonly folder?: string;
  readonly strategy?: PickStrategyName;
  /** What is fetched first and in order, for a preview or a player; not kept over a restart. */
  readonly first?: ByteRange | undefined;
  /** Replaces an existing file of that name; without it the download is refused with `file_exists`. */
  readonly overwrite?: boolean;
}

/** Bytes per second of all transfers together, 16 KiB or more; undefined is no limit. */
export interface TransferLimits {
  readonly upBytesPerSecond?: number | undefined;
  readonly downBytesPerSecond?: number | undefined;
}

/** Limits for a span of each day, in local time: from one minute of the day (0 to 1439) to before another, past midnight too. */
export interface ScheduledLimits extends TransferLimits {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** The general limits, and those that hold in their place at times; of several spans the first counts. */
export interface TransferPlan extends TransferLimits {
  readonly schedule?: readonly ScheduledLimits[] | undefined;
}

/** Bytes of a file, `last` included; the end of the file where it lies beyond. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Why a download is not getting faster, in the words of a user interface. */
export type WaitingReason =
  | 'tracker'
  | 'no_peers'
  | 'connecting'
  | 'no_source_for_pieces'
  | 'slow_peers'
  | 'disk_full'
  | 'paused';

export interface DownloadPeer {
  readonly userId: string;
  readonly address: Address;
  readonly state: 'connecting' | 'connected' | 'waiting' | 'banned';
  /** Why it is not connected, in a sentence for people: it cannot be reached, or one of the two is not let into the group. */
  readonly problem?: string | undefined;
  /** Pieces that came from this peer and were verified. */
  readonly pieces: number;
  readonly bytesPerSecond: number;
}

export interface DownloadProgress {
  readonly state: 'starting' | 'downloading' | 'completing' | 'completed' | 'failed' | 'cancelled';
  readonly totalBytes: number;
  readonly verifiedBytes: number;
  readonly totalPieces: number;
  readonly verifiedPieces: number;
  /** Pieces that were on disk and verified before this run: nothing of them was fetched again. */
  readonly resumedPieces: number;
  readonly bytesPerSecond: number;
  /** Undefined while nothing comes in. */
  readonly secondsLeft: number | undefined;
  /** Undefined while it runs as it should. */
  readonly waitingFor: WaitingReason | undefined;
  readonly peers: readonly DownloadPeer[];
}

/** One file on its way. It goes on after a restart of the peer until it is complete or cancelled. */
export interface Download {
  readonly groupId: string;
  readonly name: string;
  /** Where the bytes are now, a `.part` file until it is complete; undefined until that is open. */
  readonly path: string | undefined;
  progress(): DownloadProgress;
  /** From now on this comes first, in order; undefined ends that. */
  fetchFirst(range: ByteRange | undefined): void;
  /** Resolves with the path of the complete file; rejects with the coded error that ended the download. */
  readonly completed: Promise<string>;
  /** Stops it and removes what was fetched. */
  cancel(): Promise<void>;
}

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
