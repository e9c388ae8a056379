/**
 * What a tracker said of a file to download, as it is remembered: in the bytes of the `make_file` that said it.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import { MESSAGE_LIMITS, makeFileRequest, type PeerAddress } from '@minitorrent/tracker/contract';
import { CodecError, decode, encode } from '@minitorrent/wire-codec';

/** The file, who brought it into the group, and who has pieces of it. */
export interface FileDescription {
  readonly file: FileDescriptor;
  readonly sharedBy: string;
  readonly peers: readonly PeerAddress[];
}

/** The bytes of a `make_file`; of too many peers the last ones are kept. */
export function encodeDescription(groupId: string, { file, sharedBy, peers }: FileDescription): Uint8Array {
  return encode(makeFileRequest, {
    groupId,
    file,
    sharedBy,
    peers: peers.slice(-MESSAGE_LIMITS.peersPerFile),
  });
}

/** Undefined for bytes that are none, such as those of a later version. */
export function decodeDescription(bytes: Uint8Array): FileDescription | undefined {
  try {
    const { file, sharedBy, peers } = decode(makeFileRequest, bytes);
    return { file, sharedBy, peers };
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
