/**
 * The one validator of names that come from outside: file names, and the ids of users and groups.
 *
 * A name is refused, never rewritten: two peers that repair a name differently no longer mean the same file, and a repair
 * that forgets a case is how a remote side writes outside the chosen folder (CVE-2009-1760, CVE-2023-43619 and many more).
 * What passes is one plain path component on Linux, macOS and Windows, and safe to print left to right.
 */
import { StoreError } from './errors.ts';
import { MAX_FILE_NAME_BYTES, MAX_IDENTIFIER_BYTES } from './limits.ts';

/** Why a name is refused. */
export type NameProblem =
  | 'empty'
  | 'too_long'
  /** Half of a surrogate pair: not Unicode. */
  | 'ill_formed'
  /** The same text has another, normal spelling (Unicode NFC). */
  | 'not_normal'
  /** A slash or backslash. */
  | 'separator'
  /** A control character (C0, DEL, C1), or a line or paragraph separator. */
  | 'control_character'
  /** A character that reorders the text around it. */
  | 'bidi_control'
  /** A character that Windows forbids: < > : " | ? * */
  | 'forbidden_character'
  /** `.` or `..` */
  | 'dots'
  /** White space at either end, or a dot at the end. */
  | 'bad_ending'
  /** A Windows device name, with or without an extension. */
  | 'device_name'
  /** White space anywhere, in an identifier. */
  | 'white_space';

/** What is wrong with a file name; undefined for a good one. */
export function checkFileName(name: string): NameProblem | undefined {
  return isPlain(name, SPACE)
    ? checkPlainName(name, MAX_FILE_NAME_BYTES)
    : checkAnyName(name, MAX_FILE_NAME_BYTES);
}

/** What is wrong with the id of a user or group: as a file name, but at most 64 bytes and without white space. */
export function checkIdentifier(identifier: string): NameProblem | undefined {
  if (isPlain(identifier, DOT)) return checkPlainName(identifier, MAX_IDENTIFIER_BYTES);
  const problem = checkAnyName(identifier, MAX_IDENTIFIER_BYTES);
  if (problem === undefined && /\p{White_Space}/u.test(identifier)) return 'white_space';
  return problem;
}

/** The name, if it is a good file name. Fails with `bad_name`, the `NameProblem` as its `reason`. */
export function requireFileName(name: string): string {
  const reason = checkFileName(name);
  if (reason === undefined) return name;
  throw new StoreError('bad_name', `Cannot use "${printable(name.slice(0, 80))}" as a file name: ${reason}`, {
    reason,
  });
}

/** With everything that could act on a terminal written as its code. */
function printable(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** In order of precedence: the first one that matches is the reason given. */
const PATTERNS: readonly (readonly [NameProblem, RegExp])[] = [
  ['separator', /[/\\]/u],
  ['control_character', /[\p{Cc}\u2028\u2029]/u],
  ['bidi_control', /\p{Bidi_Control}/u],
  ['forbidden_character', /[<>:"|?*]/u],
  ['dots', /^\.{1,2}$/u],
  ['bad_ending', /^\p{White_Space}|[\p{White_Space}.]$/u],
  // Windows ignores white space before the extension, and takes superscript digits for digits.
  [
    'device_name',
    /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])\p{White_Space}*(?:\.|$)/iu,
  ],
];

/** What an ASCII character is to a plain name: of a word, one of the separators of words, or nothing. */
const NOTHING = 0;
const WORD = 1;
const DOT = 2;
const SPACE = 3;
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (character === '.') return DOT;
  if (character === ' ') return SPACE;
  return /[\w-]/.test(character) ? WORD : NOTHING;
});

/**
 * Whether a name is as most are: ASCII words with a single separator between them, up to the given one. It can only be too
 * long or a device. Every message is full of such names, so they pay neither for the rules about other scripts nor for a
 * regular expression.
 */
function isPlain(name: string, lastSeparator: number): boolean {
  if (name.length > MAX_FILE_NAME_BYTES) return false;
  let before = NOTHING;
  for (let index = 0; index < name.length; index += 1) {
    const now = CLASSES[name.charCodeAt(index)] ?? NOTHING;
    if (now !== WORD && (before !== WORD || now === NOTHING || now > lastSeparator)) return false;
    before = now;
  }
  return before === WORD;
}

const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9]) *(?:\.|$)/i;

function checkPlainName(name: string, maxBytes: number): NameProblem | undefined {
  if (name.length > maxBytes) return 'too_long';
  // A device's name has three or four characters before its end or a separator.
  const hasLongerWord = CLASSES[name.charCodeAt(3)] === WORD && CLASSES[name.charCodeAt(4)] === WORD;
  return !hasLongerWord && DEVICE.test(name) ? 'device_name' : undefined;
}

function checkAnyName(name: string, maxBytes: number): NameProblem | undefined {
  if (name.length === 0) return 'empty';
  // A UTF-16 unit is at least one byte of UTF-8: a huge text is refused before it is looked at.
  if (name.length > maxBytes) return 'too_long';
  if (new TextEncoder().encode(name).length > maxBytes) return 'too_long';
  if (!name.isWellFormed()) return 'ill_formed';
  if (name.normalize('NFC') !== name) return 'not_normal';
  return PATTERNS.find(([, pattern]) => pattern.test(name))?.[0];
}
