/**
 * Stamps: a tracker states, signed and for a short time, that a user is let into a group on a device at present.
 *
 * A proof of membership never ends by itself when somebody is removed; the stamp does, because a tracker gives no new one.
 * It names both, so that neither a tracker alone (which cannot make proofs) nor a removed admin alone (who gets no
 * stamps, whatever they sign and date back) can let anybody in. As OCSP stapling (RFC 6066, section 8), it is fetched by
 * whoever shows it.
 */
import { deviceIdOf, type Identity, signStatement, verifyStatement } from '@minitorrent/rpc-core/identity';
import type { Codec } from '@minitorrent/wire-codec';
import { bytes, decode, encode, fixedBytes, struct, text, varint } from '@minitorrent/wire-codec';
import { SIGNATURE_BYTES } from './grant.ts';

const DOMAIN = 'mt-stamp-v1';
/** How long a removal that was not heard of can go unnoticed; a peer asks for a new stamp at half of it. */
export const STAMP_LIFE_MS = 600_000;

export interface Stamp {
  readonly groupKey: Uint8Array;
  readonly userId: string;
  readonly deviceId: Uint8Array;
  /** Of the group when this was signed. */
  readonly memberEpoch: number;
  /** Milliseconds since the Unix epoch. */
  readonly notAfterMs: number;
}

const stampCodec: Codec<Stamp> = struct({
  groupKey: fixedBytes(32),
  userId: text({ maxBytes: 64 }),
  deviceId: fixedBytes(32),
  memberEpoch: varint,
  notAfterMs: varint,
});
const signedCodec = struct({
  body: bytes({ maxBytes: 192 }),
  trackerPublicKey: fixedBytes(32),
  signature: fixedBytes(SIGNATURE_BYTES),
});

export function signStamp(tracker: Pick<Identity, 'publicKey' | 'sign'>, stamp: Stamp): Uint8Array {
  const body = encode(stampCodec, stamp);
  const signature = signStatement(tracker, DOMAIN, body);
  return encode(signedCodec, { body, trackerPublicKey: tracker.publicKey, signature });
}

/** What it says and the device id of the tracker that does; undefined where that tracker did not sign it. */
export function readStamp(
  signed: Uint8Array,
): { readonly stamp: Stamp; readonly trackerId: Uint8Array } | undefined {
  try {
    const { body, trackerPublicKey, signature } = decode(signedCodec, signed);
    if (!verifyStatement(trackerPublicKey, DOMAIN, body, signature)) return undefined;
    return { stamp: decode(stampCodec, body), trackerId: deviceIdOf(trackerPublicKey) };
  } catch {
    // Not the bytes of a stamp.
    return undefined;
  }
}
