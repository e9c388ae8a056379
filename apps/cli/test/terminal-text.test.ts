import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isTerminalText,
  safe,
  terminalJson,
  terminalLines,
  terminalText,
} from '../src/output/terminal-text.ts';

/** Characters that a terminal acts on, a reader cannot see, or that reorder text; written here a second time on purpose. */
function isHarmful(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const ranges = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0xad, 0xad],
    [0x61c, 0x61c],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xd800, 0xdfff],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0xfff9, 0xfffb],
    [0xe0000, 0xe0fff],
  ] as const;
  return ranges.some(([first, last]) => code >= first && code <= last);
}

/** Text with many dangerous characters in it. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 0x9f }).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0x2000, max: 0x206f }).map((code) => String.fromCodePoint(code)),
      fc.constantFrom('\u001b[2J', '\u009b31m', '\u202e', '\ufeff', '\ud800', '\u{e0041}', 'name'),
    ),
  )
  .map((parts) => parts.join(''));

describe('terminalText', () => {
  it.each([
    ['a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
    ['\u009b2J', '\\x9b2J'],
    ['\u0000\u007f', '\\x00\\x7f'],
    ['invoice\u202efdp.exe', 'invoice\\u202efdp.exe'],
    ['a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['half \ud800', 'half \\ud800'],
    ['Grüße, 世界 🎉 and\u00a0more', 'Grüße, 世界 🎉 and\u00a0more'],
  ])('shows %j', (text, shown) => {
    expect(terminalText(text)).toBe(shown);
    expect(isTerminalText(text)).toBe(text === shown);
  });

  it('leaves nothing harmful, whatever comes in', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        expect(Array.from(terminalText(text)).filter(isHarmful)).toEqual([]);
      }),
    );
  });

  it('changes nothing else, and nothing twice', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const shown = terminalText(text);
        expect(terminalText(shown)).toBe(shown);
        if (!Array.from(text).some((character) => /[\p{C}\p{Z}\p{M}\p{Lo}]/u.test(character))) {
          expect(shown).toBe(text);
        }
      }),
    );
  });
});

describe('terminalJson', () => {
  it('leaves nothing harmful and loses nothing', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const json = terminalJson(JSON.stringify({ text }));
        expect(Array.from(json).filter(isHarmful)).toEqual([]);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });
});

describe('terminalLines', () => {
  it('keeps the line ends and nothing else', () => {
    expect(terminalLines('Error: \u001b[2J\n    at x\r\n')).toBe('Error: \\x1b[2J\n    at x\\r\n');
  });
});

describe('safe', () => {
  it('escapes what is put in and nothing of the words around it', () => {
    expect(safe`${'a\n'} and ${3}\n${'b\u001b'}`).toBe('a\\n and 3\nb\\x1b');
  });
});
