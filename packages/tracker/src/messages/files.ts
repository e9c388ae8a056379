/** Messages about the files of a group. */
import { fileDescriptorCodec } from '@minitorrent/chunk-store';
import { list, optional, struct, text, varint } from '@minitorrent/wire-codec';
import { fileSignatureCodec } from '../membership/file-signature.ts';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { mayBeStale, requestId } from './parts.ts';
import { fileNameCodec, groupIdCodec, proofCodec, userIdCodec } from './values.ts';

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
