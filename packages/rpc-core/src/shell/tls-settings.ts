/**
 * What TLS may do here, which is little: version 1.3, Ed25519, both sides show a certificate, sessions are not resumed.
 *
 * Node.js is told not to check certificates, for it would look for an authority; `secure-channel.ts` checks them.
 */
import { constants } from 'node:crypto';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { type FinishedHandshake, TLS_VERSION } from '../secure-channel.ts';
import type { Identity } from './identity.ts';
import { reasonOf } from './tcp-network.ts';

/**
 * The settings of both sides. Making a context of them costs about a millisecond, so it is done once for all connections.
 */
export function tlsSettings({ privateKey, certificate }: Identity): SecureContextOptions {
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    cert: certificatePem(certificate),
    minVersion: TLS_VERSION,
    maxVersion: TLS_VERSION,
    sigalgs: 'ed25519',
    // All that TLS 1.3 has; first the one that costs least where the processor has AES.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    // No authority is trusted. Left out, those of the web would be loaded.
    ca: [],
    // Tickets would be keys to sessions without a certificate. OpenSSL still sends some, and knows none that comes back.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** A certificate as text (RFC 7468). */
export function certificatePem(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** What TLS tells of a socket whose handshake is done. To be called once: a client is told of the certificate once. */
export function readHandshake(socket: TLSSocket): FinishedHandshake {
  return {
    tlsVersion: socket.getProtocol(),
    protocol: socket.alpnProtocol,
    isResumed: socket.isSessionReused(),
    certificate: socket.getPeerX509Certificate()?.raw,
  };
}

/** Why a handshake failed, in the fewest words: OpenSSL's messages begin with places in its source. */
export function tlsReason(error: Error): string {
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : reasonOf(error);
}
