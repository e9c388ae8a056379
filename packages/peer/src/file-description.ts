/**
 * What a tracker said of a file to download, as it is remembered: in the bytes of the `make_file` that said it.
 */
import { MESSAGE_LIMITS, makeFileRequest, type PeerAddress } from '@minitorrent/tracker/contract';
import { CodecError, decode, encode } from '@minitorrent/wire-codec';
import type { FileClaim } from './shared-file-check.ts';

/** The file, who brought it into the group, what proves that, and who has pieces of it. */
export interface FileDescription extends FileClaim {
  readonly peers: readonly PeerAddress[];
}

/** The bytes of a `make_file`; of too many peers the last ones are kept. */
export function encodeDescription(groupId: string, { peers, ...claim }: FileDescription): Uint8Array {
  return encode(makeFileRequest, {
    ...claim,
    groupId,
    peers: peers.slice(-MESSAGE_LIMITS.peersPerFile),
  });
}

/** Undefined for bytes that are none, such as those of a later version. */
export function decodeDescription(bytes: Uint8Array): FileDescription | undefined {
  try {
    const { groupId: _, ...description } = decode(makeFileRequest, bytes);
    return description;
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}
