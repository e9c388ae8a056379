/** What a tracker asks of a peer, and tells it. */
import { fileDescriptorCodec } from '@minitorrent/chunk-store';
import { enumeration, list, optional, struct, varint } from '@minitorrent/wire-codec';
import { fileSignatureCodec } from '../membership/file-signature.ts';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { joinRequest } from './groups.ts';
import { proofs } from './parts.ts';
import { peersOfFile } from './presence.ts';
import { deviceIdCodec, groupIdCodec, proofCodec, userIdCodec } from './values.ts';

/** `signature` is by the device that shared it, whose membership `sharer` proves. */
export const makeFileRequest = struct(
  {
    groupId: groupIdCodec,
    file: fileDescriptorCodec,
    sharedBy: userIdCodec,
    peers: peersOfFile,
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
 * To every member who is online: the user was removed on these devices. Grants to the user on them that are older than the
 * epoch are void, and so is what was granted later on their strength; connections that hang on such a grant are to be closed at once.
 */
export const devicesRevokedRequest = struct(
  {
    groupId: groupIdCodec,
    memberEpoch: varint,
    userId: userIdCodec,
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
