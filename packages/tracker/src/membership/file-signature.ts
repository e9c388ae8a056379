/** What the device that shares a file signs: the file, its group and its user, so that no tracker can put another there. */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import { type Identity, signStatement, verifyStatement } from '@minitorrent/rpc-core/identity';
import type { Codec } from '@minitorrent/wire-codec';
import { encode, fixedBytes, struct, text } from '@minitorrent/wire-codec';
import { fileCodec } from '../events.ts';
import { SIGNATURE_BYTES } from './grant.ts';

const DOMAIN = 'mt-file-v1';

export interface SharedFileClaim {
  readonly groupId: string;
  readonly userId: string;
  readonly file: FileDescriptor;
}

export interface FileSignature {
  /** Of the device that shared it. */
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

const claimCodec: Codec<SharedFileClaim> = struct({
  groupId: text({ maxBytes: 64 }),
  userId: text({ maxBytes: 64 }),
  file: fileCodec,
});
export const fileSignatureCodec: Codec<FileSignature> = struct({
  publicKey: fixedBytes(32),
  signature: fixedBytes(SIGNATURE_BYTES),
});

export function signFile(
  device: Pick<Identity, 'publicKey' | 'sign'>,
  claim: SharedFileClaim,
): FileSignature {
  const signature = signStatement(device, DOMAIN, encode(claimCodec, claim));
  return { publicKey: device.publicKey, signature };
}

/** Whether the device with that key shared this very file; whose device it is, a proof of membership tells. */
export function isSignedFile(claim: SharedFileClaim, { publicKey, signature }: FileSignature): boolean {
  return verifyStatement(publicKey, DOMAIN, encode(claimCodec, claim), signature);
}
