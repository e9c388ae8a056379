/**
 * Messages as they are laid out, without any rule of what may be in them: for what no codec of the contracts writes.
 */
import { fixedBytes, list, struct, text, u32, varint } from '@minitorrent/wire-codec';

/** More than any rule allows. */
const MOST = 64 * 1024;
const anyText = text({ maxBytes: MOST });
const anyDescriptor = struct(
  { name: anyText, size: varint, pieceLength: u32, root: fixedBytes(32) },
  { extensible: true },
);
export const userRequest = struct(
  { requestId: fixedBytes(16), userId: anyText, password: anyText },
  { extensible: true },
);
export const loginRequest = struct(
  { userId: anyText, password: anyText, deviceId: fixedBytes(32) },
  { extensible: true },
);
export const groupRequest = struct({ requestId: fixedBytes(16), groupId: anyText }, { extensible: true });
export const uploadRequest = struct(
  { requestId: fixedBytes(16), groupId: anyText, file: anyDescriptor },
  { extensible: true },
);
export const fileRequest = struct({ groupId: anyText, name: anyText }, { extensible: true });
export const stopRequest = struct(
  { requestId: fixedBytes(16), groupId: anyText, name: anyText },
  { extensible: true },
);
export const piecesRequest = struct(
  {
    groupId: anyText,
    root: fixedBytes(32),
    want: list(varint, { maxItems: MOST }),
    maxPieces: varint,
    begun: list(struct({ index: varint, fromLeaf: varint }, { extensible: true }), { maxItems: MOST }),
  },
  { extensible: true },
);
export const makeFile = struct(
  { groupId: anyText, file: anyDescriptor, sharedBy: anyText, peers: list(varint, { maxItems: 0 }) },
  { extensible: true },
);
