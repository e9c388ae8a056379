/**
 * What a tracker knows for ever: users, groups, members, join requests and shared files, as plain data.
 *
 * Everything here is rebuilt by replaying the journal; who is online and has which pieces is not here (`presence.ts`).
 * These types are for readers: only `state.ts` can change what they show. Times are milliseconds since the Unix epoch.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import type { Result } from './events.ts';
import type { FileSignature } from './membership/file-signature.ts';
import type { JournalPosition, Role } from './messages.ts';
import type { NameList } from './sorted-names.ts';

export interface User {
  readonly userId: string;
  /** A PHC string; see `password-hash.ts`. */
  readonly passwordHash: string;
  readonly createdAtMs: number;
  /**
   * On which the user has logged in, by device id in hexadecimal. Those in use stand in the order in which they came, the
   * revoked ones among them in the order in which they were revoked.
   */
  readonly devices: ReadonlyMap<string, Device>;
}

export interface Device {
  readonly deviceId: Uint8Array;
  readonly name: string;
  readonly boundAtMs: number;
  readonly isRevoked: boolean;
}

export interface Member {
  readonly userId: string;
  readonly role: Role;
  readonly sinceMs: number;
}

/** Waits until an admin decides, however long that takes. */
export interface JoinRequest {
  readonly userId: string;
  readonly requestedAtMs: number;
}

/** A file that was shared in a group. It outlives its sharer's membership: other members may have its pieces. */
export interface SharedFile {
  readonly file: FileDescriptor;
  readonly sharedBy: string;
  readonly sharedAtMs: number;
  /** By the device that shared it, if it signs what it shares. */
  readonly signature?: FileSignature | undefined;
  /** The proof of membership that this device had then. */
  readonly sharer?: Uint8Array | undefined;
}

/** What lets a device in. */
export interface DeviceGrant {
  readonly userId: string;
  readonly deviceId: Uint8Array;
  /** See `membership/proof.ts`. */
  readonly proof: Uint8Array;
}

/** Lets whoever has its code in as a member, so often and so long. */
export interface Invitation {
  /** The device id of its key. */
  readonly inviteId: Uint8Array;
  readonly proof: Uint8Array;
  readonly invitedBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly maxUses: number;
  readonly uses: number;
}

/** A group has at least one member, and at least one of its members is an admin. */
export interface Group {
  readonly groupId: string;
  readonly createdAtMs: number;
  /** What the proofs of all its members begin with (`membership/proof.ts`); none where it was founded without a proof. */
  readonly groupKey?: Uint8Array | undefined;
  /** Rises with every change of the members or their roles, so that a proof of membership can be told to be old. */
  readonly memberEpoch: number;
  /** By user id. */
  readonly members: ReadonlyMap<string, Member>;
  /** By `deviceKey`: what lets the devices of members in. */
  readonly grants: ReadonlyMap<string, DeviceGrant>;
  /**
   * By `deviceKey`: the member epoch before which all grants to that user on that device are void; the latest last, and
   * no more than `REMEMBERED_REVOCATIONS`.
   */
  readonly revoked: ReadonlyMap<string, number>;
  /** That of the latest revocation that was forgotten, or 0: no grant of an earlier epoch is taken any more. */
  readonly forgottenEpoch: number;
  /** By invite id in hexadecimal, until they are used up or revoked; they may have expired. */
  readonly invitations: ReadonlyMap<string, Invitation>;
  /** By user id, oldest first; of a member it is about devices that nothing lets in yet. */
  readonly joinRequests: ReadonlyMap<string, JoinRequest>;
  /** By file name, which is unique in the group. */
  readonly files: ReadonlyMap<string, SharedFile>;
  /** The keys of `files` in order. */
  readonly fileNames: NameList;
  /** How many files have this root, which is written in hexadecimal. */
  readonly roots: ReadonlyMap<string, number>;
}

/** A write that was done, so that a second try of it gets the same answer. */
export interface DoneRequest {
  /** Of the entry in the journal. */
  readonly index: number;
  /** Tells a second try from another write that uses the same id. */
  readonly fingerprint: Uint8Array;
  readonly result: Result;
}

/** The whole state after the entry at `position`. */
export interface TrackerState {
  readonly position: JournalPosition;
  readonly users: ReadonlyMap<string, User>;
  readonly groups: ReadonlyMap<string, Group>;
  /** The keys of `groups` in order. */
  readonly groupNames: NameList;
  /** By user id: the groups that the user is a member of. */
  readonly groupsOf: ReadonlyMap<string, ReadonlySet<string>>;
  /** By user id: the groups that the user waits for. */
  readonly waitingFor: ReadonlyMap<string, ReadonlySet<string>>;
  /** By request id in hexadecimal: the last `REMEMBERED_REQUESTS` writes, oldest first. */
  readonly doneRequests: ReadonlyMap<string, DoneRequest>;
  /** Each is called with a group that is about to change: for whoever reads the state bit by bit (`frozen-state.ts`). */
  readonly beforeChange: Set<(group: Group) => void>;
}
