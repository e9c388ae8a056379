import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CliError } from '../src/cli-error.ts';
import { escapeWord, quoteWord, scanWords, tokenize } from '../src/shell/tokenize.ts';

const texts = (line: string) => tokenize(line).map((word) => word.text);

describe('tokenize', () => {
  it.each([
    ['', []],
    ['   \t ', []],
    ['list_groups', ['list_groups']],
    ['  upload_file  films\tholiday.mkv ', ['upload_file', 'films', 'holiday.mkv']],
    ['a "b c" d', ['a', 'b c', 'd']],
    ["a 'b \\ c' d", ['a', 'b \\ c', 'd']],
    ['a b\\ c d', ['a', 'b c', 'd']],
    ['say "a \\"quoted\\" \\\\ word \\n"', ['say', 'a "quoted" \\ word \\n']],
    [`it"'"s`, ["it's"]],
    ['\'\' ""', ['', '']],
    ['a\\\\b', ['a\\b']],
    ['login alice pa$$*word|;`x`', ['login', 'alice', 'pa$$*word|;`x`']],
    ['list_groups q\r', ['list_groups', 'q']],
  ])('reads %j', (line, words) => {
    expect(texts(line)).toEqual(words);
  });

  it.each([
    ['a "b', '"'],
    ["a 'b", "'"],
    ['a b\\', '\\'],
  ])('refuses %j, which ends in the middle', (line, open) => {
    expect(scanWords(line).open).toBe(open);
    expect(() => tokenize(line)).toThrow(CliError);
    expect(() => tokenize(line)).toThrow(expect.objectContaining({ code: 'unclosed_quote' }));
  });

  it('says where words stand and which were quoted', () => {
    expect(tokenize(`ab 'c d' q "q"`)).toMatchObject([
      { text: 'ab', start: 0, end: 2, isQuoted: false },
      { text: 'c d', start: 3, end: 8, isQuoted: true },
      { text: 'q', start: 9, end: 10, isQuoted: false },
      { text: 'q', start: 11, end: 14, isQuoted: true },
    ]);
  });

  it('reads back any words that quoteWord or escapeWord wrote', () => {
    const words = fc.array(fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(words, (list) => {
        expect(texts(list.map(quoteWord).join(' '))).toEqual(list);
        expect(texts(list.map(escapeWord).join(' '))).toEqual(list);
      }),
    );
  });

  it('never fails but with unclosed_quote, and covers the whole line with words and spaces', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ' ', '\t', '"', "'", '\\', 'é') });
    fc.assert(
      fc.property(line, (text) => {
        const { words } = scanWords(text);
        let position = 0;
        for (const word of words) {
          expect(text.slice(position, word.start)).toMatch(/^[ \t]*$/);
          expect(word.end).toBeGreaterThan(word.start);
          position = word.end;
        }
        expect(text.slice(position)).toMatch(/^[ \t]*$/);
      }),
    );
  });
});

describe('quoteWord', () => {
  it('leaves plain names as they are', () => {
    expect(quoteWord('holiday-1.mkv')).toBe('holiday-1.mkv');
    expect(quoteWord('Grüße.txt')).toBe('Grüße.txt');
    expect(quoteWord("it's here")).toBe(`'it'\\''s here'`);
  });
});
