import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseVersion, cutMessage, readGoodbye, readHello } from '../src/control-frames.ts';
import { assertProperty } from './support/assert-property.ts';
import { fromHex } from './support/hex.ts';

describe('chooseVersion', () => {
  test('the newest version that both speak', () => {
    expect(chooseVersion({ minVersion: 1, maxVersion: 3 }, { minVersion: 2, maxVersion: 9 })).toBe(3);
    expect(chooseVersion({ minVersion: 1, maxVersion: 3 }, { minVersion: 1, maxVersion: 1 })).toBe(1);
  });

  test('fails with version_mismatch when there is none, whoever is older', () => {
    const newer = { minVersion: 4, maxVersion: 5 };
    const older = { minVersion: 1, maxVersion: 3 };
    expect(() => chooseVersion(newer, older)).toThrow(expect.objectContaining({ code: 'version_mismatch' }));
    expect(() => chooseVersion(older, newer)).toThrow(/speaks 4 to 5, this one 1 to 3/);
  });
});

describe('readHello and readGoodbye', () => {
  test('refuse what is no hello and no goodbye', () => {
    expect(() => readHello(fromHex('00'))).toThrow(expect.objectContaining({ code: 'bad_hello' }));
    expect(() => readGoodbye(fromHex('00'))).toThrow(expect.objectContaining({ code: 'bad_envelope' }));
  });
});

describe('cutMessage', () => {
  test('any text fits and is well formed, short text is untouched', () => {
    const repeated = fc.tuple(fc.array(fc.nat(0x10ffff), { maxLength: 4 }), fc.nat(600));
    assertProperty(
      fc.property(repeated, ([codePoints, times]) => {
        const cut = cutMessage(String.fromCodePoint(...codePoints).repeat(times));
        expect(cut.isWellFormed()).toBe(true);
        expect(new TextEncoder().encode(cut).length).toBeLessThanOrEqual(1024);
      }),
    );
    expect(cutMessage('\ud800')).toBe('\ufffd');
    expect(cutMessage('short')).toBe('short');
    expect(cutMessage('ß'.repeat(600))).toBe('ß'.repeat(512));
    expect(cutMessage(`a${'ß'.repeat(600)}`)).toBe(`a${'ß'.repeat(511)}`);
  });
});
