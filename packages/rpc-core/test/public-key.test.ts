import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificateBody, writeCertificate } from '../src/certificate.ts';
import { isSoundPublicKey } from '../src/public-key.ts';
import { createIdentity, verifySignature } from '../src/tls.ts';
import { fromHex } from './support/hex.ts';

/** The eight points whose order divides 8, in little-endian with the sign of x on top. */
const smallOrderKeys = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
];

const field = 2n ** 255n - 19n;
const modulo = (value: bigint): bigint => ((value % field) + field) % field;

function power(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const half = power(modulo(base * base), exponent / 2n);
  return exponent % 2n === 1n ? modulo(half * base) : half;
}

const inverse = (value: bigint): bigint => power(value, field - 2n);
const curveD = modulo(-121665n * inverse(121666n));

/** A point as the square of its x, and its y: enough to double it (RFC 8032, section 5.1.4). */
interface HalfPoint {
  readonly xx: bigint;
  readonly y: bigint;
}

function pointAt(y: bigint): HalfPoint {
  return { xx: modulo((y * y - 1n) * inverse(curveD * y * y + 1n)), y };
}

function double({ xx, y }: HalfPoint): HalfPoint {
  const product = modulo(curveD * xx * modulo(y * y));
  return {
    xx: modulo(4n * xx * y * y * inverse((1n + product) ** 2n)),
    y: modulo((y * y + xx) * inverse(1n - product)),
  };
}

function yOf(key: Uint8Array): bigint {
  return key.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n) & (2n ** 255n - 1n);
}

describe('isSoundPublicKey', () => {
  test.each(smallOrderKeys)('refuses %s, whose order divides 8', (hex) => {
    const key = fromHex(hex);
    const eightTimes = double(double(double(pointAt(yOf(key)))));
    expect(eightTimes).toEqual({ xx: 0n, y: 1n });
    expect(isSoundPublicKey(key)).toBe(false);
  });

  test('refuses the neutral point, with which OpenSSL takes a certificate that nobody signed', () => {
    const key = fromHex(smallOrderKeys[0] ?? '');
    const basePoint = '5866666666666666666666666666666666666666666666666666666666666666';
    const one = '01'.padEnd(64, '0');
    const signature = fromHex(basePoint + one);
    const body = certificateBody(key);
    const certificate = new X509Certificate(writeCertificate(body, signature));
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(verifySignature(key, body, signature)).toBe(false);
  });

  test('refuses numbers beyond those of the field, which would be second names of devices', () => {
    for (let low = 0xed; low <= 0xff; low += 1) {
      const key = new Uint8Array(32).fill(0xff).with(0, low);
      expect(isSoundPublicKey(key)).toBe(false);
      expect(isSoundPublicKey(key.with(31, 0x7f))).toBe(false);
    }
    expect(isSoundPublicKey(new Uint8Array(32).fill(0xff).with(0, 0xeb))).toBe(true);
  });

  test('refuses keys of other lengths, and accepts those of devices', () => {
    expect(isSoundPublicKey(new Uint8Array(31).fill(2))).toBe(false);
    expect(isSoundPublicKey(new Uint8Array(33).fill(2))).toBe(false);
    expect(isSoundPublicKey(createIdentity().publicKey)).toBe(true);
  });
});
