import { createSystemRandom } from '@minitorrent/rpc-core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { formatHash, isWeaker, parseHash, requireGoodPassword } from '../src/password-hash.ts';
import { createPasswords, type PasswordLimits } from '../src/shell/passwords.ts';

const CHEAP: PasswordLimits = { argon2MemoryKib: 8, argon2Passes: 1, passwordsAtOnce: 2, passwordsQueued: 4 };

describe('createPasswords', () => {
  it('knows the right password, and no other', async () => {
    const passwords = createPasswords(CHEAP, createSystemRandom());
    const stored = await passwords.hash('correct horse battery');
    expect(await passwords.verify('correct horse battery', stored)).toBe(true);
    expect(await passwords.verify('correct horse batterx', stored)).toBe(false);
    expect(await passwords.verify('correct horse battery', undefined)).toBe(false);
    expect(await passwords.hash('correct horse battery')).not.toBe(stored);
  });

  it('computes what RFC 9106 says, in the form of the reference implementation', async () => {
    // From src/test.c of P-H-C/phc-winner-argon2.
    const reference = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    const passwords = createPasswords(CHEAP, createSystemRandom());
    expect(await passwords.verify('password', reference)).toBe(true);
    expect(await passwords.verify('passwore', reference)).toBe(false);
  });

  it('knows which hashes are weaker than those of today', async () => {
    const today = createPasswords({ ...CHEAP, argon2MemoryKib: 16, argon2Passes: 2 }, createSystemRandom());
    for (const [cost, isOutdated] of [
      [{ argon2MemoryKib: 8, argon2Passes: 2 }, true],
      [{ argon2MemoryKib: 16, argon2Passes: 1 }, true],
      [{ argon2MemoryKib: 16, argon2Passes: 2 }, false],
      [{ argon2MemoryKib: 32, argon2Passes: 3 }, false],
    ] as const) {
      const stored = await createPasswords({ ...CHEAP, ...cost }, createSystemRandom()).hash('password');
      expect(today.isOutdated(stored)).toBe(isOutdated);
      expect(await today.verify('password', stored)).toBe(true);
    }
  });

  it('is never weaker by default than 19 MiB and two passes', () => {
    const stored = { memoryKib: DEFAULT_LIMITS.argon2MemoryKib, passes: DEFAULT_LIMITS.argon2Passes };
    expect(isWeaker(stored, { memoryKib: 19_456, passes: 2 })).toBe(false);
  });
});

describe('formatHash', () => {
  it('writes what parseHash reads', async () => {
    const bytes = (minLength: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength, maxLength: 64 });
    const memoryKib = fc.integer({ min: 8, max: 2 ** 22 });
    const any = fc.record({
      memoryKib,
      passes: fc.integer({ min: 1, max: 100 }),
      salt: bytes(8),
      hash: bytes(32),
    });
    await fc.assert(
      fc.property(any, (hash) => {
        expect(parseHash(formatHash(hash))).toEqual(hash);
      }),
    );
  });

  it('has the form that it always had', () => {
    const salt = new Uint8Array(16).fill(1);
    const hash = new Uint8Array(32).fill(2);
    expect(formatHash({ memoryKib: 19_456, passes: 2, salt, hash })).toBe(
      '$argon2id$v=19$m=19456,t=2,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI',
    );
  });

  it.each([
    '',
    'password',
    '$argon2i$v=19$m=8,t=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI',
  ])('is not what parseHash reads %j as', (stored) => {
    expect(() => parseHash(stored)).toThrow(TypeError);
  });
});

describe('requireGoodPassword', () => {
  it.each([
    ['twelve chars', undefined],
    ['eleven char', 'weak_password'],
    ['ééééééééééé', 'weak_password'],
    ['🎈'.repeat(11), 'weak_password'],
    ['🎈'.repeat(12), undefined],
    ['x'.repeat(256), undefined],
    ['é'.repeat(129), 'weak_password'],
  ])('of %j: %s', (password, code) => {
    let found: unknown;
    try {
      requireGoodPassword(password, DEFAULT_LIMITS);
    } catch (error) {
      found = (error as { readonly code: string }).code;
    }
    expect(found).toBe(code);
  });
});
