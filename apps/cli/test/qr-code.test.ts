import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { encode } from 'uqr';
import { describe, expect, it } from 'vitest';
import { qrCodeLines } from '../src/output/qr-code.ts';

const WIDE = { columns: 500, rows: 500 };

describe('qrCodeLines', () => {
  it('shows every module where it belongs, in lines of one width', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), (text) => {
        const { data, size } = encode(text, { ecc: 'L', border: 2 });
        const rows = qrCodeLines(text, WIDE).flatMap((line) => modules(line));
        expect(rows.slice(0, size)).toEqual(data);
        expect(rows.slice(size).flat()).not.toContain(true);
      }),
      { numRuns: 20 },
    );
  });

  it('answers no lines where it does not fit', () => {
    const lines = qrCodeLines('minitorrent://a', WIDE);
    const columns = modules(lines[0] ?? '')[0]?.length ?? 0;
    expect(qrCodeLines('minitorrent://a', { columns, rows: lines.length })).toEqual(lines);
    expect(qrCodeLines('minitorrent://a', { columns: columns - 1, rows: lines.length })).toEqual([]);
    expect(qrCodeLines('minitorrent://a', { columns, rows: lines.length - 1 })).toEqual([]);
  });
});

/** The two rows of modules that a line shows; true is black. */
function modules(line: string): boolean[][] {
  const characters = stripVTControlCharacters(line);
  return [
    Array.from(characters, (one) => one === '█' || one === '▀'),
    Array.from(characters, (one) => one === '█' || one === '▄'),
  ];
}
