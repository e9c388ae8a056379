import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CERTIFICATE_BYTES, readCertificate } from '../src/certificate.ts';
import { type FinishedHandshake, judgeHandshake } from '../src/secure-channel.ts';
import { createIdentity, deviceIdOf, formatDeviceId, verifySignature } from '../src/tls.ts';
import { fromHex, toHex } from './support/hex.ts';
import { type CertificateOptions, makeCredentials, strangersKey } from './support/x509.ts';

/** The key pair of RFC 8032, section 7.1, test 1. */
const identity = createIdentity({
  seed: fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
});
const golden =
  '3081da30818da003020102020101300506032b657030163114301206035504030c0b6d696e69746f7272656e74' +
  '3020170d3730303130313030303030305a180f39393939313233313233353935395a' +
  '30163114301206035504030c0b6d696e69746f7272656e74302a300506032b6570032100' +
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' +
  '300506032b6570034100';

const good: FinishedHandshake = {
  tlsVersion: 'TLSv1.3',
  protocol: 'minitorrent/1',
  isResumed: false,
  certificate: identity.certificate,
};

function judge(handshake: Partial<FinishedHandshake>) {
  return judgeHandshake({ ...good, ...handshake }, verifySignature);
}

/** A seed, a device id and a certificate of `PROTOCOL.md`, section 4.5. */
function documentedDevice(): readonly string[] {
  const protocol = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');
  const [, block = ''] = /^```device\n(.*?)^```$/ms.exec(protocol) ?? [];
  const [, seed = '', id = '', certificate = ''] = /^(.*?) :(.*?) =(.*)$/s.exec(block) ?? [];
  return [seed, id, certificate].map((part) => part.replaceAll(/\s/g, ''));
}

describe('a certificate', () => {
  test('is what PROTOCOL.md shows, and so is the device id', () => {
    const [seed = '', id, certificate] = documentedDevice();
    const device = createIdentity({ seed: fromHex(seed) });
    expect([formatDeviceId(device.deviceId), toHex(device.certificate)]).toEqual([id, certificate]);
  });

  test('is this text with the key and the signature filled in', () => {
    expect(identity.certificate).toHaveLength(CERTIFICATE_BYTES);
    expect(toHex(identity.certificate).slice(0, golden.length)).toBe(golden);
    expect(toHex(identity.certificate).slice(golden.length)).toMatch(/^[0-9a-f]{128}$/);
  });

  test('is what OpenSSL takes for a self-signed certificate', () => {
    const certificate = new X509Certificate(identity.certificate);
    expect(certificate.subject).toBe('CN=minitorrent');
    expect(certificate.issuer).toBe('CN=minitorrent');
    expect(certificate.validFrom).toBe('Jan  1 00:00:00 1970 GMT');
    expect(certificate.validTo).toBe('Dec 31 23:59:59 9999 GMT');
    expect(certificate.publicKey.asymmetricKeyType).toBe('ed25519');
    expect(certificate.checkIssued(certificate)).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(identity.privateKey)).toBe(true);
  });

  test('follows from the key', () => {
    const again = createIdentity({
      seed: fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
    });
    expect(again.certificate).toEqual(identity.certificate);
  });
});

describe('readCertificate', () => {
  test('gives what was filled in', () => {
    const parts = readCertificate(identity.certificate);
    expect(toHex(parts?.publicKey ?? new Uint8Array())).toBe(toHex(identity.publicKey));
    expect(toHex(parts?.signature ?? new Uint8Array())).toBe(toHex(identity.certificate.subarray(-64)));
  });

  test('refuses every prefix, and anything behind it', () => {
    for (let length = 0; length < CERTIFICATE_BYTES; length += 1) {
      expect(readCertificate(identity.certificate.subarray(0, length))).toBeUndefined();
    }
    expect(readCertificate(Uint8Array.of(...identity.certificate, 0))).toBeUndefined();
  });
});

describe('judgeHandshake', () => {
  test('names the device behind the certificate', () => {
    expect(judge({})).toEqual({ kind: 'device', deviceId: deviceIdOf(identity.publicKey) });
  });

  test('refuses a certificate in which any bit is another', () => {
    for (let bit = 0; bit < 8 * CERTIFICATE_BYTES; bit += 1) {
      const byte = identity.certificate[bit >> 3] ?? 0;
      const certificate = identity.certificate.with(bit >> 3, byte ^ (1 << (bit & 7)));
      expect(judge({ certificate })).toMatchObject({ kind: 'refused' });
    }
  });

  test.each<[string, CertificateOptions]>([
    ['an RSA key', { algorithm: 'rsa' }],
    ['an ECDSA key', { algorithm: 'ecdsa' }],
    ['an end, even one that has not come', { notAfter: '29991231235959Z' }],
    ['an end that has come', { notAfter: '20200101000000Z' }],
    ['another subject', { subject: 'minitorrenx' }],
    ['a longer subject', { subject: 'minitorrent.example' }],
    ['an extension', { extensions: fromHex('a30d300b30090603551d1304023000') }],
  ])('refuses a certificate with %s', (_what, options) => {
    expect(judge({ certificate: makeCredentials(options).der })).toEqual({
      kind: 'refused',
      reason: 'its certificate is not that of a device',
    });
  });

  test.each<[string, CertificateOptions]>([
    ['signed by another key', { signer: strangersKey() }],
    ['with a bad signature', { isForged: true }],
  ])('refuses a certificate %s', (_what, options) => {
    expect(judge({ certificate: makeCredentials(options).der })).toEqual({
      kind: 'refused',
      reason: 'its certificate is not signed by its own key',
    });
  });

  test('accepts a certificate that somebody else’s program wrote', () => {
    expect(judge({ certificate: makeCredentials().der })).toMatchObject({ kind: 'device' });
  });

  test.each<[string, Partial<FinishedHandshake>, string]>([
    ['TLS 1.2', { tlsVersion: 'TLSv1.2' }, 'it speaks TLSv1.2, expected TLSv1.3'],
    ['no protocol', { protocol: false }, 'it does not speak minitorrent/1'],
    ['another protocol', { protocol: 'h2' }, 'it does not speak minitorrent/1'],
    [
      'a resumed session',
      { isResumed: true },
      'it resumed an earlier session, in which nobody proves who they are',
    ],
    ['no certificate', { certificate: undefined }, 'it shows no certificate'],
  ])('refuses %s', (_what, handshake, reason) => {
    expect(judge(handshake)).toEqual({ kind: 'refused', reason });
  });
});
