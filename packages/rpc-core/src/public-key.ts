/**
 * Ed25519 public keys that must not name a device: those for which anybody can make signatures.
 *
 * Signatures under a point of small order can be made without any secret, and one point has several encodings where
 * numbers beyond the field's are read. OpenSSL takes such keys in certificates and handshakes; here a key is a name.
 */
import { DEVICE_ID_BYTES } from './device-id.ts';

/** Bytes of a public key as RFC 8032 encodes it. */
export const PUBLIC_KEY_BYTES: number = DEVICE_ID_BYTES;

/** The field is that of the numbers modulo 2^255 - 19. */
const FIELD: bigint = 2n ** 255n - 19n;

/** The y of all points whose order divides 8: of order 1, 2, 4, and the two of order 8. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  1n,
  FIELD - 1n,
  0n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

/** Whether only the owner of a secret can sign under this key. It says nothing on whether it is a point of the curve. */
export function isSoundPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_BYTES) return false;
  // Little-endian, and the top bit is the sign of x.
  const y = publicKey.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n) & (2n ** 255n - 1n);
  return y < FIELD && !SMALL_ORDER.has(y);
}
