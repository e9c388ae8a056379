/**
 * Whether a file on a group's list was shared by whom it says: by the signature of a device, and the proof that this device
 * belongs, or belonged, to a member. A tracker can leave files out, and cannot make one up.
 *
 * Nothing here ends: a file outlives the membership of whoever shared it, and their key.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import { deviceIdOf } from '@minitorrent/rpc-core/identity';
import { type FileSignature, isSignedFile, toHex } from '@minitorrent/tracker/contract';
import { PeerError } from './errors.ts';
import { isSameBytes, readProof } from './vouching.ts';

/** What a tracker says of a file. */
export interface FileClaim {
  readonly file: FileDescriptor;
  readonly sharedBy: string;
  readonly signature?: FileSignature | undefined;
  /** The proof of membership of the device that signed. */
  readonly sharer?: Uint8Array | undefined;
}

export type FileVerdict =
  | { readonly isSigned: true; readonly deviceId: Uint8Array }
  /** `reason` completes "this file is refused: ...". */
  | { readonly isSigned: false; readonly reason: string };

/** Checks files of one group, with the key that is pinned for it, and each sharer's proof once. */
export class SharedFileCheck {
  readonly #groupId: string;
  readonly #groupKey: Uint8Array | undefined;
  readonly #sharers = new Map<string, ReturnType<typeof readProof>>();

  constructor(groupId: string, groupKey: Uint8Array | undefined) {
    this.#groupId = groupId;
    this.#groupKey = groupKey;
  }

  check({ file, sharedBy, signature, sharer }: FileClaim): FileVerdict {
    if (this.#groupKey === undefined) return refused('this device has not been let into the group');
    if (signature === undefined || sharer === undefined) return refused('nobody signed it');
    const deviceId = deviceIdOf(signature.publicKey);
    const proof = this.#read(sharer, deviceId);
    if (proof === undefined) return refused('the device that signed it does not prove that it is a member');
    const { groupKey, member } = proof;
    if (!isSameBytes(groupKey, this.#groupKey)) return refused('a member of another group signed it');
    if (member.userId !== sharedBy || member.role === 'invite')
      return refused(`it is signed by a device of ${member.userId} and not of ${sharedBy}`);
    if (!isSignedFile({ groupId: this.#groupId, userId: sharedBy, file }, signature))
      return refused('the signature is of another file');
    return { isSigned: true, deviceId };
  }

  #read(sharer: Uint8Array, deviceId: Uint8Array): ReturnType<typeof readProof> {
    const key = toHex(sharer);
    const known = this.#sharers.get(key);
    const proof = known ?? readProof(sharer, { groupId: this.#groupId, deviceId });
    this.#sharers.set(key, proof);
    return proof !== undefined && isSameBytes(proof.member.deviceId, deviceId) ? proof : undefined;
  }
}

/** Why a file is not downloaded. */
export function badSignature(groupId: string, { file, sharedBy }: FileClaim, reason: string): PeerError {
  return new PeerError(
    'bad_signature',
    `Cannot download ${file.name} of ${groupId}: ${reason}; the tracker may have made it up, so ask ${sharedBy} to share it again`,
  );
}

function refused(reason: string): FileVerdict {
  return { isSigned: false, reason };
}
