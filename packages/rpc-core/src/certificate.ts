/**
 * The certificate by which a device shows its key in TLS: one text with two blanks, the public key and the signature.
 *
 * Nothing in it has a meaning but the key. So all certificates are alike, byte for byte, and are written by filling in the
 * blanks and read by comparing everything else: there is no ASN.1 writer, and above all no parser, that could be wrong.
 * What differs in anything (another algorithm, date, name, extension, encoding) is not a certificate of ours.
 *
 * Libraries were weighed: Node.js reads certificates and makes none, node-forge makes none with Ed25519, and
 * @peculiar/x509 (MIT, well kept; selfsigned stands on it) brings more than ten packages, for 221 bytes of which 125 are
 * constant.
 */
import { joinParts } from './join-parts.ts';

/** Bytes of every certificate. */
export const CERTIFICATE_BYTES = 221;

/** What stands in a certificate. */
export interface CertificateParts {
  readonly publicKey: Uint8Array;
  /** What the signature is of. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** AlgorithmIdentifier of Ed25519 (RFC 8410). */
const ED25519 = '300506032b6570';
/** A Name must not be empty (RFC 5280, section 4.1.2.4): CN=minitorrent. */
const NAME = '30163114301206035504030c0b6d696e69746f7272656e74';

const BEFORE_BODY: Uint8Array = fromHex('3081da');
const BEFORE_KEY: Uint8Array = fromHex(
  ...['30818d', 'a003020102', '020101', ED25519, NAME],
  // From 1970 on, for devices whose clock is not set, to the date that means "no end" (RFC 5280, section 4.1.2.5).
  ...['3020', '170d3730303130313030303030305a', '180f39393939313233313233353935395a'],
  ...[NAME, '302a', ED25519, '032100'],
);
const BEFORE_SIGNATURE: Uint8Array = fromHex(ED25519, '034100');

const KEY_BYTES = 32;
const BODY_START: number = BEFORE_BODY.length;
const KEY_START: number = BODY_START + BEFORE_KEY.length;
const BODY_END: number = KEY_START + KEY_BYTES;
const SIGNATURE_START: number = BODY_END + BEFORE_SIGNATURE.length;

/** What the owner of `publicKey` signs to make its certificate. */
export function certificateBody(publicKey: Uint8Array): Uint8Array {
  return joinParts([BEFORE_KEY, publicKey]);
}

/** The certificate in DER. The signature is that of `body`, by the key in it. */
export function writeCertificate(body: Uint8Array, signature: Uint8Array): Uint8Array {
  return joinParts([BEFORE_BODY, body, BEFORE_SIGNATURE, signature]);
}

/** What stands in `der`, or undefined where it is no such certificate. The signature is still to be verified. */
export function readCertificate(der: Uint8Array): CertificateParts | undefined {
  const isOurs =
    der.length === CERTIFICATE_BYTES &&
    has(der, 0, BEFORE_BODY) &&
    has(der, BODY_START, BEFORE_KEY) &&
    has(der, BODY_END, BEFORE_SIGNATURE);
  if (!isOurs) return undefined;
  return {
    publicKey: der.slice(KEY_START, BODY_END),
    body: der.slice(BODY_START, BODY_END),
    signature: der.slice(SIGNATURE_START),
  };
}

function has(bytes: Uint8Array, start: number, expected: Uint8Array): boolean {
  return expected.every((byte, at) => bytes[start + at] === byte);
}

function fromHex(...parts: readonly string[]): Uint8Array {
  const pairs = parts.join('').match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}
