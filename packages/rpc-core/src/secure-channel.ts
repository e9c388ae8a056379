/**
 * What makes a finished TLS handshake one of ours, and which device is at the other end.
 *
 * TLS has proved that the other side has the key in its certificate. Everything else is checked here, with nothing left to
 * what TLS might have negotiated: no other version or protocol, no session from before (nobody shows a certificate in it).
 */
import { readCertificate } from './certificate.ts';
import { deviceIdOf } from './device-id.ts';

/** What both sides name in TLS as the protocol that they want to speak (ALPN, RFC 7301): this one, version 1. */
export const SECURE_PROTOCOL = 'minitorrent/1';
/** The only version of TLS. */
export const TLS_VERSION = 'TLSv1.3';

/** What TLS tells of a finished handshake. */
export interface FinishedHandshake {
  readonly tlsVersion: string | null;
  readonly protocol: string | false | null;
  readonly isResumed: boolean;
  /** The certificate of the other side, DER. */
  readonly certificate: Uint8Array | undefined;
}

/** Who is at the other end, or why nobody is whom we would speak to. */
export type Verdict =
  | { readonly kind: 'device'; readonly deviceId: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string };

/** Whether a signature is the key owner's; never throws. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export function judgeHandshake(handshake: FinishedHandshake, verify: Verify): Verdict {
  const { tlsVersion, protocol, isResumed, certificate } = handshake;
  if (tlsVersion !== TLS_VERSION) return refused(`it speaks ${tlsVersion}, expected ${TLS_VERSION}`);
  if (protocol !== SECURE_PROTOCOL) return refused(`it does not speak ${SECURE_PROTOCOL}`);
  if (isResumed) return refused('it resumed an earlier session, in which nobody proves who they are');
  if (certificate === undefined) return refused('it shows no certificate');
  const parts = readCertificate(certificate);
  if (parts === undefined) return refused('its certificate is not that of a device');
  if (!verify(parts.publicKey, parts.body, parts.signature))
    return refused('its certificate is not signed by its own key');
  return { kind: 'device', deviceId: deviceIdOf(parts.publicKey) };
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason };
}
