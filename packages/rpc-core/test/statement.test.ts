import { constantFrom, property, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certificateBody } from '../src/certificate.ts';
import { statementText } from '../src/statement.ts';
import { createIdentity, signStatement, verifyStatement } from '../src/tls.ts';
import { assertProperty } from './support/assert-property.ts';
import { fromHex, toHex } from './support/hex.ts';

const utf8 = new TextEncoder();
const identity = createIdentity();
const { publicKey } = identity;
const statement = utf8.encode('bob is a member');
const proof = signStatement(identity, 'mt-member-v1', statement);

const domain = string({ unit: constantFrom('a', 'b', '0', '-'), minLength: 1, maxLength: 64 });

describe('statementText', () => {
  test('is the opening, version 1, the length of the domain, the domain and the statement', () => {
    const opening = toHex(utf8.encode('minitorrent-statement'));
    expect(toHex(statementText('mt-x', fromHex('beef')))).toBe(`${opening}01046d742d78beef`);
  });

  test('is never the same for two statements or domains', () => {
    const stated = tuple(domain, uint8Array({ maxLength: 8 }));
    assertProperty(
      property(stated, stated, ([domainA, a], [domainB, b]) => {
        const isSame = domainA === domainB && toHex(a) === toHex(b);
        expect(toHex(statementText(domainA, a)) === toHex(statementText(domainB, b))).toBe(isSame);
      }),
    );
  });

  test('begins as neither a certificate nor what TLS 1.3 signs (RFC 8446, section 4.4.3)', () => {
    expect(statementText('a', new Uint8Array())[0]).toBe(0x6d);
    expect(certificateBody(publicKey)[0]).toBe(0x30);
  });

  test.each(['', 'A', 'a b', 'a_b', 'ä', 'a'.repeat(65)])('refuses the domain %j', (wrong) => {
    expect(() => statementText(wrong, statement)).toThrow(RangeError);
  });
});

describe('signStatement and verifyStatement', () => {
  test('prove who states what, and in which domain', () => {
    expect(proof).toHaveLength(65);
    expect(proof[0]).toBe(1);
    expect(verifyStatement(publicKey, 'mt-member-v1', statement, proof)).toBe(true);
  });

  test.each<[string, () => boolean]>([
    ['another key', () => verifyStatement(createIdentity().publicKey, 'mt-member-v1', statement, proof)],
    ['another domain', () => verifyStatement(publicKey, 'mt-member-v2', statement, proof)],
    ['another statement', () => verifyStatement(publicKey, 'mt-member-v1', statement.subarray(1), proof)],
    ['another version', () => verifyStatement(publicKey, 'mt-member-v1', statement, proof.with(0, 2))],
    ['half a proof', () => verifyStatement(publicKey, 'mt-member-v1', statement, proof.subarray(0, 33))],
    ['no proof', () => verifyStatement(publicKey, 'mt-member-v1', statement, new Uint8Array())],
    ['no key', () => verifyStatement(new Uint8Array(), 'mt-member-v1', statement, proof)],
    [
      'a bare signature',
      () => verifyStatement(publicKey, 'a', statement, Uint8Array.of(1, ...identity.sign(statement))),
    ],
    [
      'a domain that goes on in the statement',
      () => verifyStatement(publicKey, 'mt-member-v', utf8.encode('1bob is a member'), proof),
    ],
  ])('are not satisfied with %s', (_what, verify) => expect(verify()).toBe(false));

  test('are not satisfied with any bit changed', () => {
    for (let bit = 0; bit < 8 * proof.length; bit += 1) {
      const changed = proof.with(bit >> 3, (proof[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      expect(verifyStatement(publicKey, 'mt-member-v1', statement, changed)).toBe(false);
    }
  });
});
