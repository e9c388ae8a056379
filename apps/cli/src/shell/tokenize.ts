/**
 * Splits a typed line into words as a POSIX shell does, with quotes and backslashes and nothing else: no variables, no
 * patterns, no operators, so that no name can mean anything but itself.
 *
 * Outside quotes a backslash keeps the next character; between double quotes only `\"` and `\\` are special; between
 * single quotes nothing is.
 */
import { CliError } from '../cli-error.ts';

export interface Word {
  readonly text: string;
  /** Where it stands in the line, quotes included. */
  readonly start: number;
  readonly end: number;
  /** True where any part was quoted or escaped: such a word is never taken for a keyword. */
  readonly isQuoted: boolean;
}

/** What is still open at the end of a line: nothing, a quote, or a backslash. */
export type OpenEnd = '' | "'" | '"' | '\\';

const SPACE = /[ \t\r\n]/;
const ESCAPED_IN_DOUBLE_QUOTES = /["\\]/;
const PLAIN_WORD = /^[\p{L}\p{N}\p{M}_.,:/@%+=~-]+$/u;

/** The words of a complete line. Fails with `unclosed_quote`. */
export function tokenize(line: string): Word[] {
  const { words, open } = scanWords(line);
  if (open === '') return words;
  const what = open === '\\' ? 'a backslash at its end' : `a quote (${open}) that is not closed`;
  throw new CliError('unclosed_quote', `Cannot read a line with ${what}`);
}

/** The words of a line that may still be typed on, and what is open at its end. */
export function scanWords(line: string): { readonly words: Word[]; readonly open: OpenEnd } {
  const words: Word[] = [];
  let position = 0;
  let open: OpenEnd = '';
  while (position < line.length) {
    if (SPACE.test(line.charAt(position))) {
      position += 1;
      continue;
    }
    const word = scanWord(line, position);
    words.push(word);
    open = word.open;
    position = word.end;
  }
  return { words, open };
}

/** Writes a word so that `tokenize` reads it back: as it is where possible, else between single quotes. */
export function quoteWord(text: string): string {
  if (PLAIN_WORD.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Writes a word with backslashes, so that one may go on typing it. */
export function escapeWord(text: string): string {
  return text === '' ? "''" : Array.from(text, escapeCharacter).join('');
}

function scanWord(line: string, start: number): Word & { readonly open: OpenEnd } {
  let text = '';
  let quote: '' | "'" | '"' = '';
  let isQuoted = false;
  let position = start;
  for (; position < line.length; position += 1) {
    const character = line.charAt(position);
    const next = line.charAt(position + 1);
    if (quote === '' && SPACE.test(character)) break;
    if (character === '\\' && isEscape(quote, next)) {
      isQuoted = true;
      if (next === '') return { text, start, end: line.length, isQuoted, open: '\\' };
      text += next;
      position += 1;
    } else if (quote === '' && (character === "'" || character === '"')) {
      quote = character;
      isQuoted = true;
    } else if (character === quote) {
      quote = '';
    } else {
      text += character;
    }
  }
  return { text, start, end: position, isQuoted, open: quote };
}

function isEscape(quote: '' | "'" | '"', next: string): boolean {
  if (quote === "'") return false;
  return quote === '' || ESCAPED_IN_DOUBLE_QUOTES.test(next);
}

function escapeCharacter(character: string): string {
  return PLAIN_WORD.test(character) ? character : `\\${character}`;
}
