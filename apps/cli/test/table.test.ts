import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTable } from '../src/output/table.ts';
import { clipText, padText, textWidth } from '../src/output/text-width.ts';

describe('formatTable', () => {
  it('lines columns up, numbers to the right', () => {
    const lines = formatTable(
      [{ title: 'NAME' }, { title: 'SIZE', align: 'right' }, { title: 'BY' }],
      [
        ['a', '1 B', 'bob'],
        ['世界.txt', '10 MB', ''],
      ],
    );
    expect(lines).toEqual(['NAME       SIZE  BY', 'a           1 B  bob', '世界.txt  10 MB']);
  });

  it('keeps a hostile cell in its row', () => {
    const [, row] = formatTable([{ title: 'NAME' }], [['a\n\u001b[2Jb']]);
    expect(row).toBe('a\\n\\x1b[2Jb');
  });
});

describe('textWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['e\u0301', 1],
    ['世界', 4],
    ['한글', 4],
    ['🎉', 2],
  ])('of %j is %d', (text, columns) => {
    expect(textWidth(text)).toBe(columns);
  });

  it('is kept by clipText and reached by padText', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, columns) => {
        expect(textWidth(clipText(text, columns))).toBeLessThanOrEqual(columns);
        expect(textWidth(padText(text, columns))).toBe(Math.max(columns, textWidth(text)));
      }),
    );
  });

  it('clips with an ellipsis', () => {
    expect(clipText('holiday.mkv', 8)).toBe('holiday…');
    expect(clipText('世界世界', 4)).toBe('世…');
    expect(clipText('abc', 0)).toBe('');
  });
});
