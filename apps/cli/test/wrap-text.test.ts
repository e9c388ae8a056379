import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textWidth } from '../src/output/text-width.ts';
import { definitionLines, wrapLine, wrapText } from '../src/output/wrap-text.ts';

describe('wrapLine', () => {
  it('goes on further in, and leaves what fits as it is', () => {
    expect(wrapLine('  one two  three', 16)).toEqual(['  one two  three']);
    expect(wrapLine('  one two  three', 12)).toEqual(['  one two', '      three']);
    expect(wrapLine('minitorrent://a.long.address next', 10)).toEqual([
      'minitorrent://a.long.address',
      '    next',
    ]);
  });

  it('keeps every word whole and in its place, and no line too long that could be shorter', () => {
    const text = fc.array(fc.stringMatching(/^[a-z漢]{1,12}$/), { minLength: 1 });
    fc.assert(
      fc.property(text, fc.nat(6), fc.integer({ min: 8, max: 60 }), (words, indent, columns) => {
        const lines = wrapLine(' '.repeat(indent) + words.join(' '), columns);
        expect(lines.flatMap((line) => line.trim().split(' '))).toEqual(words);
        for (const line of lines)
          if (line.trim().includes(' ')) expect(textWidth(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('definitionLines', () => {
  it('stands beside the name in a column of its own, or below it where that is too narrow', () => {
    const one = { name: '  --to', width: 8, text: 'a folder for the file that is finished' };
    expect(definitionLines(one, 48)).toEqual(['  --to    a folder for the file that is finished']);
    expect(definitionLines(one, 36)).toEqual([
      '  --to    a folder for the file that',
      '          is finished',
    ]);
    expect(definitionLines(one, 30)).toEqual(['  --to', '    a folder for the file that', '    is finished']);
  });
});

describe('wrapText', () => {
  it('keeps the lines that there are', () => {
    expect(wrapText('a b\n\nc d e\n', 3)).toBe('a b\n\nc d\n    e\n');
  });
});
