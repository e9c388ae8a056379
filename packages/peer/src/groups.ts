/** What a user of a peer sees of groups: their members, files, requests and invitations. Types only. */
import type { FileDescriptor } from '@minitorrent/chunk-store';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

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
