/**
 * Tables of plain text: columns as wide as their widest cell, two spaces between them. Cells are escaped here, so that
 * a remote name cannot break out of its row.
 *
 * Where there is not enough room, columns go that are of least use, and at last every cell gets a line of its own, or
 * several, broken at spaces: a terminal that wraps rows leaves nothing to read, and a cell that is clipped cannot be copied.
 */
import { terminalText } from './terminal-text.ts';
import { padText, textWidth } from './text-width.ts';
import { wrapLine } from './wrap-text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Left out where there is no room, the highest first; never, unless given. */
  readonly sparable?: number;
}

const GAP = '  ';

/** The heading and one line for each row, in at most `room` terminal columns. Every row has one cell for each column. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number = Number.POSITIVE_INFINITY,
): string[] {
  const fields = columns.map((column, index) => createField(column, rows, index));
  while (rowWidth(fields) > room) {
    const spared = mostSparable(fields);
    if (spared === undefined) return stackedLines(fields, rows.length, room);
    fields.splice(fields.indexOf(spared), 1);
  }
  return Array.from({ length: rows.length + 1 }, (_, line) =>
    fields
      .map(({ column, cells, width }) => padText(cells[line] ?? '', width, column))
      .join(GAP)
      .trimEnd(),
  );
}

/** One column with its cells, the title first. */
interface Field {
  readonly column: Column;
  readonly cells: readonly string[];
  readonly width: number;
}

function createField(column: Column, rows: readonly (readonly string[])[], index: number): Field {
  const cells = [column.title, ...rows.map((row) => terminalText(row[index] ?? ''))];
  return { column, cells, width: Math.max(...cells.map(textWidth)) };
}

function rowWidth(fields: readonly Field[]): number {
  return fields.reduce((sum, { width }) => sum + width, GAP.length * (fields.length - 1));
}

function mostSparable(fields: readonly Field[]): Field | undefined {
  return fields
    .filter(({ column }) => column.sparable !== undefined)
    .toSorted((a, b) => (b.column.sparable ?? 0) - (a.column.sparable ?? 0))[0];
}

/** Every row as a paragraph of titles and cells. */
function stackedLines(fields: readonly Field[], rows: number, room: number): string[] {
  const titleWidth = Math.max(...fields.map(({ column }) => textWidth(column.title)));
  const beside = ' '.repeat(titleWidth + GAP.length);
  const cellLines = ({ column, cells }: Field, row: number) => {
    const [first = '', ...others] = wrapLine(`${beside}${cells[row + 1] ?? ''}`, room, beside);
    return [`${padText(column.title, beside.length)}${first.slice(beside.length)}`.trimEnd(), ...others];
  };
  return Array.from({ length: rows }, (_, row) => [
    ...(row === 0 ? [] : ['']),
    ...fields.flatMap((field) => cellLines(field, row)),
  ]).flat();
}
