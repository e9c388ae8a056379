/**
 * Breaks lines for terminals that are narrower than they are: at spaces, never inside a word, so that what is to be copied
 * stays whole.
 */
import { textWidth } from './text-width.ts';

/** How much further in the rest of a line stands than its beginning. */
const HANGING = '    ';

/** The lines of `text`, each in at most `columns` where it has spaces enough. */
export function wrapText(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, columns))
    .join('\n');
}

/** One line; what does not fit goes on in the next ones, further in. */
export function wrapLine(line: string, columns: number): string[] {
  if (textWidth(line) <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? '';
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ').filter((part) => part !== '')) {
    const start = indent + (lines.length === 0 ? '' : HANGING);
    if (current !== '' && textWidth(start) + textWidth(`${current} ${word}`) > columns) {
      lines.push(start + current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, indent + (lines.length === 0 ? '' : HANGING) + current];
}
