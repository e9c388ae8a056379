/**
 * How help is laid out: terms and explanations side by side, or one below the other where the terminal is too narrow for
 * that. Words are never broken.
 */
import type { Command, Help } from 'commander';
import { wrapText } from './output/wrap-text.ts';

/** An explanation is not squeezed into a narrower column than this. */
const NARROWEST_COLUMN = 30;
const DEFAULT_COLUMNS = 80;
const INDENT = '  ';
const BELOW = '      ';

/** Where a program writes, and how wide that is; undefined where it is no terminal. */
export interface Page {
  writeOut(text: string): void;
  writeErr(text: string): void;
  readonly outColumns?: number | undefined;
  readonly errColumns?: number | undefined;
}

/** Has `program`, and every command that is added to it later, write to `page`. */
export function layOut(program: Command, page: Page): void {
  const { outColumns = DEFAULT_COLUMNS, errColumns = DEFAULT_COLUMNS } = page;
  program
    .configureOutput({
      writeOut: (text) => page.writeOut(wrapText(text, page.outColumns ?? Number.POSITIVE_INFINITY)),
      writeErr: (text) => page.writeErr(wrapText(text, page.errColumns ?? Number.POSITIVE_INFINITY)),
      getOutHelpWidth: () => outColumns,
      getErrHelpWidth: () => errColumns,
    })
    .configureHelp({
      // `boxWrap` leaves what is narrower as it is.
      minWidthToWrap: 1,
      formatItem: (term, termWidth, description, helper) =>
        formatItem({ term, termWidth, description }, helper),
    });
}

interface Item {
  readonly term: string;
  readonly termWidth: number;
  readonly description: string;
}

function formatItem({ term, termWidth, description }: Item, helper: Help): string {
  const { helpWidth = DEFAULT_COLUMNS } = helper;
  if (description === '') return `${INDENT}${term}`;
  const column = helpWidth - termWidth - 2 * INDENT.length;
  if (column < NARROWEST_COLUMN) {
    const lines = helper.boxWrap(description, Math.max(1, helpWidth - BELOW.length));
    return [`${INDENT}${term}`, ...lines.split('\n').map((line) => `${BELOW}${line}`)].join('\n');
  }
  const beside = ' '.repeat(termWidth + 2 * INDENT.length);
  const lines = helper.boxWrap(description, column).replaceAll('\n', `\n${beside}`);
  return `${INDENT}${term.padEnd(termWidth)}${INDENT}${lines}`;
}
