/** Certificates as a stranger could make them: any key, date, name, signer. A DER writer for tests alone. */
import type { KeyObject } from 'node:crypto';
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createIdentity } from '../../src/tls.ts';

export type Algorithm = 'ed25519' | 'ecdsa' | 'rsa';

/** How a certificate differs from that of a device, which is what it is without any of these. */
export interface CertificateOptions {
  readonly algorithm?: Algorithm;
  readonly notAfter?: string;
  readonly subject?: string;
  /** Signs instead of the certificate's own key. */
  readonly signer?: KeyObject;
  /** Flips a bit of the signature. */
  readonly isForged?: boolean;
  readonly extensions?: Uint8Array;
}

/** A key and a certificate, as `node:tls` takes them. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
  readonly der: Uint8Array;
}

const SIGNATURE_ALGORITHMS: Readonly<Record<Algorithm, Uint8Array>> = {
  ed25519: hex('300506032b6570'),
  ecdsa: hex('300a06082a8648ce3d040302'),
  rsa: hex('300d06092a864886f70d01010b0500'),
};

export function makeCredentials(options: CertificateOptions = {}): Credentials {
  const { algorithm = 'ed25519', notAfter = '99991231235959Z', subject = 'minitorrent' } = options;
  const privateKey = makeKey(algorithm);
  const signatureAlgorithm = SIGNATURE_ALGORITHMS[algorithm];
  const body = der(
    0x30,
    hex('a003020102020101'),
    signatureAlgorithm,
    nameOf('minitorrent'),
    der(0x30, der(0x17, text('700101000000Z')), der(0x18, text(notAfter))),
    nameOf(subject),
    createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
    ...(options.extensions === undefined ? [] : [options.extensions]),
  );
  const signature = sign(algorithm === 'ed25519' ? null : 'sha256', body, options.signer ?? privateKey);
  if (options.isForged === true) signature[5] = (signature[5] ?? 0) ^ 1;
  const whole = der(0x30, body, signatureAlgorithm, der(0x03, hex('00'), signature));
  return { key: pemOf(privateKey), cert: pem(whole), der: whole };
}

/** Another device's key, for a certificate that is not signed by its own. */
export function strangersKey(): KeyObject {
  return createIdentity().privateKey;
}

/** What a device shows, but with a key of its own behind it. */
export function withAnotherKey({ cert, der: whole }: Credentials): Credentials {
  return { key: pemOf(strangersKey()), cert, der: whole };
}

/** The credentials of a device of ours. */
export function credentialsOf(identity: {
  readonly privateKey: KeyObject;
  readonly certificate: Uint8Array;
}): Credentials {
  return {
    key: pemOf(identity.privateKey),
    cert: pem(identity.certificate),
    der: identity.certificate,
  };
}

export function pemOf(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function makeKey(algorithm: Algorithm): KeyObject {
  if (algorithm === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (algorithm === 'ecdsa') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return generateKeyPairSync('ed25519').privateKey;
}

function nameOf(commonName: string): Uint8Array {
  return der(0x30, der(0x31, der(0x30, hex('0603550403'), der(0x0c, text(commonName)))));
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array(Buffer.concat([Uint8Array.of(tag, ...size), content]));
}

function pem(bytes: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE-----\n`;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function hex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, 'hex'));
}
