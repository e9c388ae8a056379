import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createIdentity, deviceIdOf, verifySignature } from '../src/tls.ts';
import { fromHex, toHex } from './support/hex.ts';

const message = new TextEncoder().encode('a message');

describe('createIdentity', () => {
  // RFC 8032, section 7.1, tests 1 and 2.
  test.each([
    [
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
  ])('with seed %s has this key and signs like that', (seed, publicKey, text, signature) => {
    const identity = createIdentity({ seed: fromHex(seed) });
    expect(toHex(identity.publicKey)).toBe(publicKey);
    expect(identity.deviceId).toEqual(deviceIdOf(identity.publicKey));
    expect(toHex(identity.sign(fromHex(text)))).toBe(signature);
    expect(verifySignature(identity.publicKey, fromHex(text), fromHex(signature))).toBe(true);
  });

  test('makes another one each time', () => {
    expect(toHex(createIdentity().deviceId)).not.toBe(toHex(createIdentity().deviceId));
  });

  test('takes no seed of another length', () => {
    expect(() => createIdentity({ seed: new Uint8Array(31) })).toThrow(RangeError);
  });

  test('shows no secret where it is printed', () => {
    const seed = new Uint8Array(32).fill(0xa5);
    const identity = createIdentity({ seed });
    const printed = `${inspect(identity, { depth: 9, showHidden: true })}${JSON.stringify(identity)}`;
    expect(printed).not.toMatch(/165,\s*165|a5a5|pa?Wl/);
  });
});

describe('verifySignature', () => {
  const identity = createIdentity();
  const signature = identity.sign(message);

  test('accepts the signature of the key’s owner', () => {
    expect(verifySignature(identity.publicKey, message, signature)).toBe(true);
  });

  test('refuses other keys, messages and lengths', () => {
    expect(verifySignature(createIdentity().publicKey, message, signature)).toBe(false);
    expect(verifySignature(identity.publicKey, message.subarray(1), signature)).toBe(false);
    expect(verifySignature(identity.publicKey, message, signature.subarray(1))).toBe(false);
    expect(verifySignature(identity.publicKey.subarray(1), message, signature)).toBe(false);
    expect(verifySignature(new Uint8Array(32).fill(2), message, signature)).toBe(false);
  });

  test('refuses a signature with any bit changed, and the same one written otherwise', () => {
    for (let bit = 0; bit < 8 * signature.length; bit += 1) {
      const changed = signature.with(bit >> 3, (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      expect(verifySignature(identity.publicKey, message, changed)).toBe(false);
    }
    expect(verifySignature(identity.publicKey, message, withLargerS(signature))).toBe(false);
  });
});

/** S plus the order of the group: the same number as far as the curve is concerned. */
function withLargerS(signature: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = signature.subarray(32).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n) + order;
  const bytes = Array.from({ length: 32 }, (_, at) => Number((s >> BigInt(8 * at)) & 0xffn));
  return Uint8Array.of(...signature.subarray(0, 32), ...bytes);
}
