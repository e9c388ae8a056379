/**
 * The only way of remote text to a terminal.
 *
 * Names, messages and paths come from other people. A control character among them could move the cursor, change the
 * title or forge a line; an override of the writing direction or an invisible character could make one name look like
 * another. All of them are shown as escapes. The result is for eyes: it cannot be turned back, `--json` is for machines.
 */

/**
 * Control characters (C0, DEL, C1), format characters (bidi, zero-width, tags), lone surrogates, line and paragraph
 * separators, and everything else that Unicode lets a renderer leave out (fillers, variation selectors).
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Makes text from outside safe to print: one line, no control, nothing invisible. Other text is unchanged. */
export function terminalText(text: string): string {
  return text.replace(UNSAFE, escapeForEyes);
}

/** The same for text of several lines, such as the stack of an error; its line ends stay. */
export function terminalLines(text: string): string {
  return text.split('\n').map(terminalText).join('\n');
}

/** True where `terminalText` would change nothing. */
export function isTerminalText(text: string): boolean {
  return terminalText(text) === text;
}

/**
 * The same for JSON that was already serialised: unsafe characters become `\uXXXX`, which a parser turns back. So
 * JSON loses nothing and is harmless on a terminal too.
 */
export function terminalJson(json: string): string {
  return json.replace(UNSAFE, escapeForJson);
}

/** A template in which every inserted value passes `terminalText`: the words around it are ours, the values are not. */
export function safe(words: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return words.reduce((text, word, index) => text + terminalText(String(values[index - 1] ?? '')) + word);
}

function escapeForEyes(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 1)}}`;
}

function escapeForJson(character: string): string {
  let escaped = '';
  for (let index = 0; index < character.length; index += 1) {
    escaped += `\\u${hex(character.charCodeAt(index), 4)}`;
  }
  return escaped;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
