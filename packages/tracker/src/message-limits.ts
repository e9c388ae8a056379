/**
 * The limits of the messages between peers and trackers, each with its reason.
 *
 * A decoder compares with them before it allocates, so they bound what one message can cost.
 */
export const MESSAGE_LIMITS = {
  /** User and group names: long enough for an e-mail address, short enough for a table on a terminal. */
  identifierBytes: 64,
  /** Passwords: beyond this argon2id only costs time (security.md of no other system allows more than 256 either). */
  passwordBytes: 256,
  /** Host names and literal addresses (RFC 1035, section 2.3.4). */
  hostBytes: 255,
  /** Groups in one `list_groups` answer; with names of 64 bytes this fits a 64 KiB control message. */
  groupsPerPage: 500,
  /** Files in one `list_file` answer: 400 names of 100 bytes fit; a page ends earlier when its bytes run out. */
  filesPerPage: 400,
  /** Join requests in one `list_requests` answer. */
  requestsPerPage: 400,
  /** Files in one `announce`; a peer that has more announces in several calls. */
  filesPerAnnounce: 500,
  /** Peers of one file in `make_file` and in an `announce` answer; a random sample beyond this. */
  peersPerFile: 60,
  /** Files of an `announce` answer that carry peers, so that the answer stays a control message. */
  swarmsPerAnswer: 8,
  /** Journal entries in one `sync` message; its bytes are bounded by the message limit too. */
  entriesPerSync: 1_024,
  /** Request and answer of `sync`: a thousand entries of an ordinary size. */
  syncBytes: 1024 * 1024,
  /** A part of a snapshot in one `sync` answer, which has to fit beside it. */
  snapshotPartBytes: 512 * 1024,
  /** Trackers of one cluster that are in sync: each of them slows every write down, so nobody wants more. */
  trackers: 16,
  /** A sentence that says why, for a person. */
  reasonBytes: 512,
  /** Faults that a tracker remembers: enough to see what began it. */
  faults: 16,
  /** One journal entry: the proofs of one change, and what surrounds them. */
  entryBytes: 64 * 1024,
  /** A proof of membership: 16 grants of two names, 16 signatures. */
  proofBytes: 6 * 1024,
  /** All proofs of one change, so that it stays a control message: three links for each of 64 devices. */
  proofsBytes: 48 * 1024,
  /** A stamp: two ids, a key and a signature. */
  stampBytes: 256,
  /** Groups in one `group_stamps` call; their proofs are far shorter than they may be, and the answer ends when it is full. */
  groupsPerStamps: 64,
  /** Devices of one user that are not revoked. */
  devicesPerUser: 64,
  /** Revoked devices of one user that are remembered; a further one puts the first of them out of the list. */
  revokedDevicesPerUser: 64,
  /** What a device calls itself. */
  deviceNameBytes: 64,
  /** Members in one `list_members` answer; it ends earlier when its bytes run out. */
  membersPerPage: 200,
  /** Removed devices that one callback names; more of them come in several. */
  revocationsPerMessage: 256,
  /** Removed devices that one stamp comes with, the latest ones: whoever was away learns of them so. */
  revocationsPerStamp: 64,
  /** Invitations of one group that can still be used. */
  invitationsPerGroup: 100,
  /** How often one invitation can be used: for a class or a team; more than that is no secret. */
  invitationUses: 1_000,
} as const;
