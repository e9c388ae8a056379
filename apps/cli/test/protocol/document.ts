/**
 * `PROTOCOL.md` as data: what stands in its fenced blocks and in its tables.
 *
 * Blocks of the same language belong together, wherever they stand. In a block of entries, an entry begins at the left
 * margin and goes on in indented lines; lines that begin with `#` are comments.
 */
import { readFileSync } from 'node:fs';

/** The languages of the blocks that are checked. */
export type BlockLanguage =
  | 'layout'
  | 'messages'
  | 'vector'
  | 'reading'
  | 'refusal'
  | 'frame'
  | 'bad_frame'
  | 'merkle'
  | 'order'
  | 'conversation'
  | 'statement'
  | 'link'
  | 'revocation'
  | 'invitation'
  | 'unsound';

/** A block's text, and what stands behind the language on its first line. */
export interface Block {
  readonly title: string;
  readonly text: string;
}

const text = readFileSync(new URL('../../../../PROTOCOL.md', import.meta.url), 'utf8');

/** All of it, for what stands in its sentences. */
export function wholeText(): string {
  return text;
}

/** The blocks of a language in order. */
export function blocks(language: BlockLanguage): Block[] {
  return [...text.matchAll(/^```(\w+) ?([^\n]*)\n(.*?)^```$/gms)]
    .filter((match) => match[1] === language)
    .map((match) => ({ title: match[2] ?? '', text: match[3] ?? '' }));
}

/** The entries of all blocks of a language, each in one line. */
export function entries(language: BlockLanguage): string[] {
  return blocks(language).flatMap((block) => entriesOf(block));
}

/** The entries of one block, each in one line. */
export function entriesOf(block: Block): string[] {
  const lines = block.text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const found: string[] = [];
  for (const line of lines) {
    if (line.startsWith(' ')) found.push(`${found.pop()} ${line.trim()}`);
    else found.push(line.trim());
  }
  return found;
}

/** `left : middle = right` as its three parts; the hexadecimal right one without its spaces. */
export function partsOf(entry: string): {
  readonly left: string;
  readonly middle: string;
  readonly hex: string;
} {
  const colon = entry.indexOf(' : ');
  const equals = entry.lastIndexOf(' =');
  const hex = entry.slice(equals + 2).replaceAll(' ', '');
  if (colon < 0 || equals < colon || !/^(?:[0-9a-f]{2})*$/.test(hex))
    throw new Error(`Cannot read "${entry}"`);
  return { left: entry.slice(0, colon), middle: entry.slice(colon + 3, equals), hex };
}

/** The rows of the tables below the heading: the first cell's code, and the second cell. */
export function tableRows(heading: string): Map<string, string> {
  const prose = text.replaceAll(/^```.*?^```$/gms, '');
  const start = prose.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`PROTOCOL.md has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const rest = prose.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  const section = end < 0 ? rest : rest.slice(0, end);
  return new Map(
    [...section.matchAll(/^\| `([^`]+)` +\| ([^|]*?) *\|/gm)].map((match) => [
      match[1] ?? '',
      match[2] ?? '',
    ]),
  );
}
