/**
 * Breaks lines for terminals that are narrower than they are: at spaces, never inside a word, so that what is to be copied
 * stays whole.
 */
import { textWidth } from './text-width.ts';

/** How much further in the rest of a line stands than its beginning. */
const HANGING = '    ';
const GAP = '  ';
/** An explanation is not squeezed into a narrower column than this. */
const NARROWEST_COLUMN = 24;
/** How much further in an explanation stands than what it explains. */
const BELOW = '    ';

/** The lines of `text`, each in at most `columns` where it has spaces enough. */
export function wrapText(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, columns))
    .join('\n');
}

/** One line; what does not fit goes on in the next ones, behind `hanging`, or a little further in. */
export function wrapLine(line: string, columns: number, hanging?: string): string[] {
  if (textWidth(line) <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  const next = hanging ?? indent + HANGING;
  const [first = '', ...words] = line.slice(indent.length).split(' ');
  const lines = [indent + first];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if (textWidth(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(next + word);
  }
  return lines.map((each) => each.trimEnd());
}

/**
 * Sentences are broken. What is indented is not, and what has a word that fits into no line: those are to be copied, and
 * a terminal that wraps them by itself still knows that they are one.
 */
export function wrapSentence(line: string, columns: number): string[] {
  const isForCopying = line.startsWith(' ') || line.split(' ').some((word) => textWidth(word) >= columns);
  return isForCopying ? [line] : wrapLine(line, columns);
}

/** A name, and what it is beside it in a column of its own, or below it where that is too narrow. */
export function definitionLines(
  { name, width, text }: { readonly name: string; readonly width: number; readonly text: string },
  columns: number,
): string[] {
  const beside = `${name}${' '.repeat(Math.max(0, width - textWidth(name)))}${GAP}${text}`;
  const column = width + GAP.length;
  if (columns - column >= NARROWEST_COLUMN) return wrapLine(beside, columns, ' '.repeat(column));
  if (textWidth(beside) <= columns) return [beside];
  return [...wrapLine(name, columns), ...wrapLine(`${BELOW}${text}`, columns, BELOW)];
}
