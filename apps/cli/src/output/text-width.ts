/**
 * How many columns a text takes on a terminal, so that tables line up and bars stay on one line.
 *
 * Good for names and our own words, not for every script: it knows combining marks (no column) and wide characters
 * (two columns). It expects text that has passed `terminalText`.
 */

const NO_COLUMN = /^[\p{Mn}\p{Me}]/u;
const TWO_COLUMNS =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const ELLIPSIS = '…';

/** Columns of `text` on a terminal. */
export function textWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += characterWidth(character);
  return columns;
}

/** `text` cut to at most `columns`, with an ellipsis where something is missing. */
export function clipText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = '';
  let left = columns - textWidth(ELLIPSIS);
  for (const character of text) {
    left -= characterWidth(character);
    if (left < 0) break;
    kept += character;
  }
  return columns > 0 ? kept + ELLIPSIS : '';
}

/** `text` filled with spaces to `columns`; a longer one is left as it is. */
export function padText(
  text: string,
  columns: number,
  options?: { readonly align?: 'left' | 'right' },
): string {
  const filler = ' '.repeat(Math.max(0, columns - textWidth(text)));
  return options?.align === 'right' ? filler + text : text + filler;
}

function characterWidth(character: string): number {
  if (NO_COLUMN.test(character)) return 0;
  return TWO_COLUMNS.test(character) ? 2 : 1;
}
