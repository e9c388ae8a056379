import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, formatTable } from '../src/output/table.ts';
import { terminalText } from '../src/output/terminal-text.ts';
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

  const columns: readonly Column[] = [
    { title: 'NAME' },
    { title: 'SIZE', align: 'right', sparable: 1 },
    { title: 'BY', sparable: 3 },
    { title: 'AT', sparable: 2 },
  ];
  const rows = [
    ['film.mkv', '10 MB', 'bob', '07:45'],
    ['b', '1 B', 'carol', '08:00'],
  ];

  it.each([
    [29, ['NAME       SIZE  BY     AT', 'film.mkv  10 MB  bob    07:45', 'b           1 B  carol  08:00']],
    [28, ['NAME       SIZE  AT', 'film.mkv  10 MB  07:45', 'b           1 B  08:00']],
    [21, ['NAME       SIZE', 'film.mkv  10 MB', 'b           1 B']],
    [8, ['NAME', 'film.mkv', 'b']],
    [7, ['NAME  film.mkv', '', 'NAME  b']],
  ])('leaves out what is of least use, in %d columns', (room, lines) => {
    expect(formatTable(columns, rows, room)).toEqual(lines);
  });

  it('gives every cell a line of its own where nothing can be spared', () => {
    expect(
      formatTable(
        [{ title: 'NAME' }, { title: 'OF' }],
        [
          ['a long name', 'x'],
          ['/one/that/has/no/space', ''],
        ],
        12,
      ),
    ).toEqual(['NAME  a long', '      name', 'OF    x', '', 'NAME  /one/that/has/no/space', 'OF']);
  });

  it('keeps to its room wherever what cannot be spared fits into it', () => {
    const table = fc.array(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 4, maxLength: 4 }),
    );
    fc.assert(
      fc.property(table, fc.nat(40), (cells, more) => {
        const names = ['NAME', ...cells.map(([name = '']) => terminalText(name))];
        const room = Math.max(...names.map(textWidth)) + more;
        const lines = formatTable(columns, cells, room);
        expect(lines).toHaveLength(1 + cells.length);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(room);
      }),
    );
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
