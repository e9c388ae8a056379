/**
 * The messages between peers and trackers as codecs: the bytes that `PROTOCOL.md` describes.
 *
 * Every message is an extensible struct, and so is whatever it lists, so that a later version can add a field at its end
 * and an older reader skips it. Names are checked here, at the border: a handler never sees one that the validator
 * refuses. Nothing here decides.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import { checkFileName, checkIdentifier, fileDescriptorCodec } from '@minitorrent/chunk-store';
import type { Codec, Infer } from '@minitorrent/wire-codec';
import {
  boolean,
  bytes,
  enumeration,
  fixedBytes,
  list,
  optional,
  refine,
  struct,
  text,
  u16,
  varint,
} from '@minitorrent/wire-codec';
import { changeCodec } from './commands/change.ts';
import { resultCodec } from './events.ts';
import { fileSignatureCodec } from './membership/file-signature.ts';
import { MESSAGE_LIMITS as LIMITS } from './message-limits.ts';
import { configCodec } from './register.ts';

/** A user's name: 1 to 64 bytes, unique at the tracker. */
export const userIdCodec: Codec<string> = identifier('userId');
/** A group's name: 1 to 64 bytes, unique at the tracker. */
export const groupIdCodec: Codec<string> = identifier('groupId');
/** A file's name, unique inside its group. */
export const fileNameCodec: Codec<string> = refine(text({ maxBytes: 255 }), {
  name: 'fileName',
  check: (name) => checkFileName(name) === undefined,
});
/** 32 bytes that name a device; random, or the SHA-256 of its public key where the transport proves one. */
export const deviceIdCodec: Codec<Uint8Array> = fixedBytes(32);
/** The BEP 52 pieces root of a file. */
export const rootCodec: Codec<Uint8Array> = fixedBytes(32);
/**
 * 16 random bytes that the client makes for each write and keeps when it tries again: a second try of a write that was
 * done already gets the first answer.
 */
export const requestIdCodec: Codec<Uint8Array> = fixedBytes(16);
/** What a user is in a group. */
export const roleCodec: Codec<Role> = enumeration({ member: 1, admin: 2 });

export type Role = 'member' | 'admin';

/** See `membership/proof.ts`: the grants from the founder of a group to one device. */
export const proofCodec: Codec<Uint8Array> = bytes({ maxBytes: LIMITS.proofBytes });
/** See `membership/stamp.ts`. */
export const stampCodec: Codec<Uint8Array> = bytes({ maxBytes: LIMITS.stampBytes });
/** A proof for each device of one user. */
const proofs = list(proofCodec, { maxItems: LIMITS.devicesPerUser });
const deviceIds = list(deviceIdCodec, { maxItems: LIMITS.devicesPerUser });

const password = text({ maxBytes: LIMITS.passwordBytes });
const requestId = requestIdCodec;
/** The answer of a message that only succeeds or fails. */
export const done: Codec<Done> = struct({}, { extensible: true });
export type Done = Readonly<Record<never, never>>;

// Accounts

export const createUserRequest = struct({ requestId, userId: userIdCodec, password }, { extensible: true });
const deviceName = text({ maxBytes: LIMITS.deviceNameBytes });
/** `deviceName` is for the user's own list of devices. */
export const loginRequest = struct(
  { userId: userIdCodec, password, deviceId: deviceIdCodec, deviceName: optional(deviceName) },
  { extensible: true },
);
/** For a device that logged in as this user before and that the transport proves: its key is the session. */
export const resumeSessionRequest = struct({ userId: userIdCodec }, { extensible: true });
export const changePasswordRequest = struct(
  { requestId, password, newPassword: password },
  { extensible: true },
);
export const device = struct(
  {
    deviceId: deviceIdCodec,
    name: deviceName,
    /** When it first logged in. */
    boundAtMs: varint,
    isOnline: boolean,
    isRevoked: boolean,
  },
  { extensible: true },
);
export const revokeDeviceRequest = struct({ requestId, deviceId: deviceIdCodec }, { extensible: true });
/** What a user is in one group. */
export const membership = struct({ groupId: groupIdCodec, role: roleCodec }, { extensible: true });
/**
 * Of every answer that shows users, groups or files: true where the tracker is a backup, or a primary that has not heard
 * of its backup just now, or cannot reach the journal that it shares, so that something acknowledged may be missing.
 */
const mayBeStale = boolean;
/** The groups of the user who has just logged in, so that a peer can share and announce at once. */
export const loginAnswer = struct(
  { memberships: list(membership, { maxItems: LIMITS.groupsPerPage }), mayBeStale },
  { extensible: true },
);

/** Those of the user who asks, in the order in which they came. */
export const listDevicesAnswer = struct(
  { devices: list(device, { maxItems: LIMITS.devicesPerUser }), mayBeStale },
  { extensible: true },
);

// Groups

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
/** The groups of which the device that asks wants to show that it is let in. */
export const groupStampsRequest = struct(
  { groups: list(groupIdCodec, { maxItems: LIMITS.groupsPerStamps }) },
  { extensible: true },
);
/** Without `proof` no grant lets this device in, though its user may be a member: `join_group` asks for one. */
export const groupStamp = struct(
  {
    groupId: groupIdCodec,
    memberEpoch: varint,
    membership: optional(struct({ proof: proofCodec, stamp: stampCodec })),
  },
  { extensible: true },
);
/** Of groups that the user is no member of nothing is said; what did not fit is asked for again. */
export const groupStampsAnswer = struct(
  { stamps: list(groupStamp, { maxItems: LIMITS.groupsPerStamps }) },
  { extensible: true },
);

// Files

export const uploadFileRequest = struct(
  { requestId, groupId: groupIdCodec, file: fileDescriptorCodec, signature: optional(fileSignatureCodec) },
  { extensible: true },
);
export const downloadFileRequest = struct(
  { groupId: groupIdCodec, name: fileNameCodec },
  { extensible: true },
);
export const stopSharingRequest = struct(
  { requestId, groupId: groupIdCodec, name: fileNameCodec },
  { extensible: true },
);
/** Pages by name as `list_groups` does. */
export const listFileRequest = struct(
  { groupId: groupIdCodec, after: text({ maxBytes: 255 }) },
  { extensible: true },
);
export const fileSummary = struct(
  {
    file: fileDescriptorCodec,
    sharedBy: userIdCodec,
    sharedAtMs: varint,
    seeders: varint,
    leechers: varint,
    /** By the device that shared it. */
    signature: optional(fileSignatureCodec),
  },
  { extensible: true },
);
/** `sharers` are the proofs of the devices that signed the files of this page. */
export const listFileAnswer = struct(
  {
    files: list(fileSummary, { maxItems: LIMITS.filesPerPage }),
    next: text({ maxBytes: 255 }),
    mayBeStale,
    sharers: list(proofCodec, { maxItems: LIMITS.filesPerPage }),
  },
  { extensible: true },
);

// Presence

/** `complete`: every piece. `partial`: some, and it looks for the rest. `gone`: it stopped serving the file. */
export const holdingCodec: Codec<Holding> = enumeration({ complete: 1, partial: 2, gone: 3 });
export type Holding = 'complete' | 'partial' | 'gone';

export const announcedFile = struct(
  { groupId: groupIdCodec, root: rootCodec, holding: holdingCodec },
  { extensible: true },
);
/** `port` is where this peer listens; its host is the one the connection comes from. */
export const announceRequest = struct(
  { port: u16, files: list(announcedFile, { maxItems: LIMITS.filesPerAnnounce }) },
  { extensible: true },
);
export const peerAddress = struct(
  {
    userId: userIdCodec,
    deviceId: deviceIdCodec,
    host: text({ maxBytes: LIMITS.hostBytes }),
    port: u16,
    holding: holdingCodec,
  },
  { extensible: true },
);
const peers = list(peerAddress, { maxItems: LIMITS.peersPerFile });
/** The peers of one file that the announcing device looks for. */
export const swarm = struct({ groupId: groupIdCodec, root: rootCodec, peers }, { extensible: true });
/** Announce again within `intervalMs`; the peers of the files announced as `partial` come with the answer. */
export const announceAnswer = struct(
  { intervalMs: varint, swarms: list(swarm, { maxItems: LIMITS.swarmsPerAnswer }) },
  { extensible: true },
);

// Between trackers

/** A place in the journal: the entry's epoch and index, and the hash of the entry there. */
export const journalPosition = struct({ epoch: varint, index: varint, hash: fixedBytes(32) });
const entries = list(bytes({ maxBytes: LIMITS.entryBytes }), { maxItems: LIMITS.entriesPerSync });
/** Names the trackers that belong together. */
const clusterId = fixedBytes(16);
const storeId = fixedBytes(16);
/** What a tracker of the same cluster says of itself; another reader of the journal leaves it out. */
export const memberRequest = struct(
  {
    kind: enumeration({ push: 1, pull: 2 }),
    clusterId,
    storeId,
    config: configCodec,
    committed: varint,
    /** Pull form: this part of the snapshot at `index` is wanted; any snapshot's first part when both are 0. */
    snapshot: optional(struct({ index: varint, offset: varint })),
  },
  { extensible: true },
);
/**
 * Push form, from the primary: `entries` follow `position`, all up to `committed` are acknowledged, and no entries make
 * it a heartbeat. Pull form: `entries` is empty, `position` is the last entry that the caller has.
 */
export const syncRequest = struct(
  { position: journalPosition, entries, member: optional(memberRequest) },
  { extensible: true },
);
/**
 * To a push: `accepted` promises that the caller is followed, `catching_up` does not yet, `refused` is for whoever is not
 * primary. To a pull: `accepted` comes with the entries, `diverged` with the head to go back to, `snapshot` with a part.
 */
export const memberAnswer = struct(
  {
    outcome: enumeration({ accepted: 1, catching_up: 2, refused: 3, diverged: 4, snapshot: 5 }),
    clusterId,
    storeId,
    config: configCodec,
    committed: varint,
    snapshot: optional(
      struct({
        position: journalPosition,
        offset: varint,
        totalBytes: varint,
        bytes: bytes({ maxBytes: LIMITS.snapshotPartBytes }),
      }),
    ),
  },
  { extensible: true },
);
/** The durable head of the answering journal, or where to go back to, and the entries asked for, oldest first. */
export const syncAnswer = struct(
  { head: journalPosition, entries, member: optional(memberAnswer) },
  { extensible: true },
);

/** A change that a peer asked of the caller, which is not primary; the user is logged in there. */
export const forwardRequest = struct({ clusterId, requestId, change: changeCodec }, { extensible: true });
/** It is acknowledged, and so is everything up to entry `index` of the journal. */
export const forwardAnswer = struct({ index: varint, result: resultCodec }, { extensible: true });

// For who runs trackers

const reason = text({ maxBytes: LIMITS.reasonBytes });
export const operatorRequest = struct({ clusterId }, { extensible: true });
/** What another tracker of the cluster is, as the answering one knows it; a primary knows what it lacks. */
export const otherTracker = struct(
  {
    name: text({ maxBytes: LIMITS.hostBytes + 8 }),
    storeId: optional(storeId),
    isInSync: boolean,
    lag: optional(varint),
    heardMsAgo: optional(varint),
  },
  { extensible: true },
);
/** When and why another store became primary, so far as the answering process saw it. */
export const takeover = struct({ epoch: varint, msAgo: varint, reason }, { extensible: true });
/** Something that a person has to look at; the newest first. */
export const fault = struct({ msAgo: varint, reason }, { extensible: true });
/** A word of a list that may grow: trackers of two versions ask each other, and an enumeration would be refused. */
const word = text({ maxBytes: 32 });
/** `alone`: a tracker without others. `shared`: one of several over one journal. The others are those of a cluster. */
export const trackerStatusAnswer = struct(
  {
    role: word,
    reason,
    /** Since the role or the config changed. */
    changedMsAgo: varint,
    storeId,
    config: configCodec,
    headIndex: varint,
    committedIndex: varint,
    /** `none`, `answers` or `silent`. */
    register: word,
    others: list(otherTracker, { maxItems: LIMITS.trackers }),
    lastTakeover: optional(takeover),
    faults: list(fault, { maxItems: LIMITS.faults }),
  },
  { extensible: true },
);

// Callbacks: what a tracker asks of a peer

/** `signature` is by the device that shared it, whose membership `sharer` proves. */
export const makeFileRequest = struct(
  {
    groupId: groupIdCodec,
    file: fileDescriptorCodec,
    sharedBy: userIdCodec,
    peers,
    signature: optional(fileSignatureCodec),
    sharer: optional(proofCodec),
  },
  { extensible: true },
);
/** Asked of admins, and about further devices of a member of that user's other devices, too. */
export const peerAuthenticationRequest = joinRequest;
/**
 * `undecided`: the admin was not asked or has not answered; the request goes on waiting. With `accept` come the proofs of
 * the devices that were asked about.
 */
export const peerAuthenticationAnswer = struct(
  { decision: enumeration({ accept: 1, refuse: 2, undecided: 3 }), proofs: optional(proofs) },
  { extensible: true },
);
/**
 * To every member who is online: these devices were removed. Grants to them that are older than the epoch are void, and so
 * is what they granted later; connections that hang on such a grant are to be closed at once.
 */
export const devicesRevokedRequest = struct(
  {
    groupId: groupIdCodec,
    memberEpoch: varint,
    deviceIds: list(deviceIdCodec, { maxItems: LIMITS.revocationsPerMessage }),
  },
  { extensible: true },
);
/**
 * `refused` and `removed` differ for the user: a refused one was never in. `index` is that of the journal entry with the
 * change: a peer hears of it from every tracker that it is connected to, and of one change under one index.
 */
export const membershipChangedRequest = struct(
  {
    groupId: groupIdCodec,
    standing: enumeration({ member: 1, admin: 2, refused: 3, removed: 4 }),
    index: varint,
  },
  { extensible: true },
);

export type PeerAddress = Infer<typeof peerAddress>;
export type AnnouncedFile = Infer<typeof announcedFile>;
export type SyncRequest = Infer<typeof syncRequest>;
export type SyncAnswer = Infer<typeof syncAnswer>;
export type TrackerStatus = Infer<typeof trackerStatusAnswer>;
export type JournalPosition = Infer<typeof journalPosition>;
export type { FileDescriptor };

function identifier(name: string): Codec<string> {
  return refine(text({ maxBytes: LIMITS.identifierBytes }), {
    name,
    check: (id) => checkIdentifier(id) === undefined,
  });
}
