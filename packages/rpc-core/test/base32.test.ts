import { property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromDigits, readDigits, spell, toDigits } from '../src/base32.ts';
import { assertProperty } from './support/assert-property.ts';

const utf8 = new TextEncoder();

describe('base32', () => {
  // RFC 4648, section 10.
  test.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('spells %j as %s', (word, spelled) => {
    expect(spell(toDigits(utf8.encode(word)))).toBe(spelled);
    expect(fromDigits(readDigits(spelled) ?? [])).toEqual(utf8.encode(word));
  });

  test('reads what it spelled', () => {
    assertProperty(
      property(uint8Array(), (bytes) => {
        expect(fromDigits(readDigits(spell(toDigits(bytes))) ?? [])).toEqual(bytes);
      }),
    );
  });

  test.each(['mzxw6ytboi', 'MZXW-6YTB-OI', ' mzxw6 ytboi\n', 'MZXW6YTB0I', 'MZXW6YT8O1'])(
    'reads %j too',
    (text) => {
      expect(fromDigits(readDigits(text) ?? [])).toEqual(utf8.encode('foobar'));
    },
  );

  test.each(['MZXW9', 'MZXW6=', 'MZXWÄ', 'MZ_XW'])('knows no digit for a character of %j', (text) => {
    expect(readDigits(text)).toBeUndefined();
  });

  test('has one text for the same bytes: bits that fill up are 0, and there are no digits too many', () => {
    expect(fromDigits(readDigits('MZ') ?? [])).toBeUndefined();
    expect(fromDigits(readDigits('MZXW6A') ?? [])).toBeUndefined();
  });
});
