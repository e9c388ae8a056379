/**
 * Tables of plain text: columns as wide as their widest cell, two spaces between them. Cells are escaped here, so that
 * a remote name cannot break out of its row.
 */
import { terminalText } from './terminal-text.ts';
import { padText, textWidth } from './text-width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/** The heading and one line for each row. Every row has one cell for each column. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns.map((column) => column.title), ...rows.map((row) => row.map(terminalText))];
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => textWidth(cells[index] ?? ''))));
  return lines.map((cells) =>
    columns
      .map((column, index) => padText(cells[index] ?? '', widths[index] ?? 0, column))
      .join(GAP)
      .trimEnd(),
  );
}
