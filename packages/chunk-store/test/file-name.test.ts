import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFileName, checkIdentifier, requireFileName, StoreError } from '../src/index.ts';
import { codeOf } from './error-code.ts';
import { hostileNames } from './hostile-names.ts';

const GOOD = [
  'a',
  'report.pdf',
  '.gitignore',
  '...a',
  'a..b',
  'archive.tar.gz',
  'with space',
  '日本語.txt',
  'é'.normalize('NFC'),
  '🙂'.repeat(63),
  'a'.repeat(255),
  'console',
  'com',
  'com10',
  'COMx.txt',
  'nul-and-void',
  'x.con',
  "it's (1) [2] {3} & co; 50% = $5 #!~`^@+,-_",
  'می‌خواهم',
  '👩‍👩‍👧',
];

describe('checkFileName', () => {
  it('refuses more than 2,000 hostile names', () => {
    const names = hostileNames();
    expect(names.length).toBeGreaterThan(2_000);
    expect(names.filter((name) => checkFileName(name) === undefined)).toEqual([]);
  });

  it.each(GOOD)('accepts %j', (name) => {
    expect(checkFileName(name)).toBeUndefined();
  });

  it.each([
    ['', 'empty'],
    ['a'.repeat(256), 'too_long'],
    ['é'.repeat(128), 'too_long'],
    ['a\ud800', 'ill_formed'],
    ['e\u0301', 'not_normal'],
    ['a/b', 'separator'],
    ['a\\b', 'separator'],
    ['a\0', 'control_character'],
    ['a\u0085b', 'control_character'],
    ['a\u2028b', 'control_character'],
    ['\u202efdp.exe', 'bidi_control'],
    ['a:b', 'forbidden_character'],
    ['.', 'dots'],
    ['..', 'dots'],
    ['a.', 'bad_ending'],
    ['a ', 'bad_ending'],
    [' a', 'bad_ending'],
    ['nul', 'device_name'],
    ['CON.txt', 'device_name'],
    ['Com\u00b9.log', 'device_name'],
    ['aux .c', 'device_name'],
  ] as const)('tells what is wrong with %j', (name, problem) => {
    expect(checkFileName(name)).toBe(problem);
  });

  // libtorrent CVE-2009-1760, croc CVE-2023-43616 and -43619, magic-wormhole CVE-2026-32116, LocalSend CVE-2025-27142
  it.each([
    '../../../../etc/passwd',
    '/etc/cron.d/x',
    'C:\\Windows\\win.ini',
    '..\\..\\startup\\x.bat',
    '.ssh/authorized_keys',
    '\\\\host\\share\\x',
    'file:///etc/passwd',
    'a/../../b',
  ])('refuses a path chosen by the sender: %j', (name) => {
    expect(checkFileName(name)).toBe('separator');
  });

  // Transmission CVE-2012-4037, Syncthing CVE-2022-46165, croc CVE-2023-43620
  it.each(['\u001b]0;owned\u0007', '\u009b31m', '<img src=x onerror=alert(1)>', 'a\rb', 'a\u0008'])(
    'refuses a name that acts on a terminal or a page: %j',
    (name) => {
      expect(checkFileName(name)).toMatch(/control_character|forbidden_character/);
    },
  );

  it('judges plain names, for which there is a short way, by the same rules', () => {
    const words = ['con', 'COM1', 'nul', 'lpt', 'a', 'Z9', '_', '-', '.', ' ', '..'];
    const names = fc.array(fc.constantFrom(...words), { minLength: 1 }).map((parts) => parts.join(''));
    const problemOf = (name: string): string | undefined => {
      if (name === '.' || name === '..') return 'dots';
      if (name.startsWith(' ') || /[. ]$/.test(name)) return 'bad_ending';
      const stem = (name.split('.')[0] ?? '').trimEnd().toLowerCase();
      return ['con', 'com1', 'nul'].includes(stem) ? 'device_name' : undefined;
    };
    fc.assert(
      fc.property(names, (name) => {
        expect(checkFileName(name)).toBe(problemOf(name));
      }),
    );
  });

  it('lets nothing through that is more than one component of a path', () => {
    const pieces = fc.constantFrom(
      'a',
      '.',
      '..',
      '/',
      '\\',
      'C:',
      '~',
      ' ',
      'con',
      'é',
      '\0',
      '🙂',
      '\u202e',
      '%2e',
      '$HOME',
    );
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(names, (name) => {
        if (checkFileName(name) !== undefined) return;
        expect(posix.join('/root', name)).toBe(`/root/${name}`);
        expect(posix.basename(name)).toBe(name);
        expect(win32.join('C:\\root', name)).toBe(`C:\\root\\${name}`);
        expect(win32.isAbsolute(name)).toBe(false);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
        expect(name.normalize('NFC')).toBe(name);
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('requireFileName', () => {
  it('gives the name as it is, or fails with the reason', () => {
    expect(requireFileName('a b')).toBe('a b');
    expect(codeOf(() => requireFileName('..'))).toBe('bad_name');
    expect(() => requireFileName('..')).toThrow(expect.objectContaining({ reason: 'dots' }));
  });

  it('keeps what it refuses out of the terminal', () => {
    const messages = hostileNames().map((name) => messageOf(() => requireFileName(name)));
    const isSafe = (message: string): boolean =>
      message.length < 1_000 &&
      /^Cannot use "[^\p{Cc}\p{Bidi_Control}\u2028\u2029]*" as a file name: [a-z_]+$/u.test(message);
    expect(messages.filter((message) => !isSafe(message))).toEqual([]);
  });
});

describe('checkIdentifier', () => {
  it('has the rules of file names, less room and no white space', () => {
    expect(checkIdentifier('alice')).toBeUndefined();
    expect(checkIdentifier('a'.repeat(64))).toBeUndefined();
    expect(checkIdentifier('a'.repeat(65))).toBe('too_long');
    for (const space of [' ', '\u00a0', '\u3000', '\u2003']) {
      expect(checkIdentifier(`a${space}b`)).toBe('white_space');
    }
    expect(hostileNames().filter((name) => checkIdentifier(name) === undefined)).toEqual([]);
  });

  it('judges plain names, for which there is a short way, by the rules of file names', () => {
    const pieces = fc.constantFrom('con', 'COM1', 'lpt', 'a', 'Z9', '_', '-', '.', ' ', 'é', ':', '\u00a0');
    const names = fc.array(pieces, { minLength: 1, maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(names, (name) => {
        const expected = checkFileName(name) ?? (/\s/.test(name) ? 'white_space' : undefined);
        expect(checkIdentifier(name)).toBe(expected);
      }),
    );
  });
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof StoreError) return error.message;
    throw error;
  }
  return 'nothing thrown';
}
