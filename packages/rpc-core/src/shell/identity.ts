/**
 * A device's key: who it is, and how it proves that.
 *
 * The certificate follows from the key, because Ed25519 signatures are deterministic (RFC 8032), so the key is all that
 * has to be kept. It never leaves as bytes except into the file of `identity-file.ts` and into TLS.
 */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { certificateBody, writeCertificate } from '../certificate.ts';
import { deviceIdOf } from '../device-id.ts';
import { isSoundPublicKey } from '../public-key.ts';

/** A device that has its key here. */
export interface Identity {
  /** The raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The name of the device that follows from its key, 32 bytes. */
  readonly deviceId: Uint8Array;
  /** The self-signed certificate, DER. */
  readonly certificate: Uint8Array;
  /** The secret. Printing it shows nothing; exporting it is for the shells that keep and use it. */
  readonly privateKey: KeyObject;
  /**
   * Signs bytes as they are (Ed25519, 64 bytes). Never bytes that somebody else chose: use `signStatement`, or begin them
   * with what they are.
   */
  sign(message: Uint8Array): Uint8Array;
}

const SEED_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** PKCS #8 and SubjectPublicKeyInfo of Ed25519 (RFC 8410) up to the key's own bytes. */
const BEFORE_SEED: Uint8Array = Buffer.from('302e020100300506032b657004220420', 'hex');
const BEFORE_PUBLIC_KEY: Uint8Array = Buffer.from('302a300506032b6570032100', 'hex');

/** A new identity; with `seed`, 32 secret bytes, the one that follows from them. */
export function createIdentity(options: { readonly seed?: Uint8Array } = {}): Identity {
  const { seed } = options;
  if (seed === undefined) return identityOf(generateKeyPairSync('ed25519').privateKey);
  if (seed.length !== SEED_BYTES)
    throw new RangeError(`Cannot use a seed of ${seed.length} bytes: wanted ${SEED_BYTES}`);
  const key = Buffer.concat([BEFORE_SEED, seed]);
  return identityOf(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}

/** The identity of an Ed25519 private key. */
export function identityOf(privateKey: KeyObject): Identity {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = new Uint8Array(Buffer.from(x, 'base64url'));
  const signWithKey = (message: Uint8Array): Uint8Array => new Uint8Array(sign(null, message, privateKey));
  const body = certificateBody(publicKey);
  return Object.freeze({
    publicKey,
    deviceId: deviceIdOf(publicKey),
    certificate: writeCertificate(body, signWithKey(body)),
    privateKey,
    sign: signWithKey,
  });
}

/**
 * Whether the owner of `publicKey` signed `message`. False for whatever is no signature or no key, and for keys under which
 * anybody can sign.
 */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isSoundPublicKey(publicKey)) return false;
  const key = Buffer.concat([BEFORE_PUBLIC_KEY, publicKey]);
  return verify(null, message, { key, format: 'der', type: 'spki' }, signature);
}
