/** Text to UTF-8 and back, strictly: what is not Unicode text is refused, and nothing is repaired or replaced. */
import { CodecError } from './errors.ts';

/** Up to this many bytes, ASCII is put and taken in a loop: the platform's coders cost as much as 40 characters to call. */
export const SHORT_TEXT_BYTES = 40;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Puts `value` at the start of `target` and answers the bytes that it took; undefined where it does not fit. */
export function putUtf8(value: string, target: Uint8Array): number | undefined {
  if (!value.isWellFormed()) throw new CodecError('invalid_text', 'write', 'it has a lone surrogate');
  const { read, written } = encoder.encodeInto(value, target);
  return read === value.length ? written : undefined;
}

export function takeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new CodecError('invalid_text', 'read', 'it is not valid UTF-8', { cause });
  }
}

/** The text from `start` to `end`, at most `SHORT_TEXT_BYTES`, if it is ASCII alone; undefined otherwise. */
export function takeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  const length = end - start;
  let take = takers[length];
  if (take === undefined) {
    take = compileTaker(length) ?? loopTaker(length);
    takers[length] = take;
  }
  return take(bytes, start);
}

/** Takes ASCII of one length. */
type Taker = (bytes: Uint8Array, start: number) => string | undefined;

/** By length, each made when text of that length first comes. */
const takers: Taker[] = [];

/**
 * One call that makes the whole text, which is twice as fast as adding character to character, and the text is in one piece.
 * Undefined where the platform forbids generated code; the source holds nothing but `length` as numbers.
 */
function compileTaker(length: number): Taker | undefined {
  if (length === 0) return () => '';
  const codes = Array.from({ length }, (_, index) => `c${index}`);
  const source = `
    ${codes.map((code, index) => `const ${code} = bytes[start + ${index}];`).join('\n')}
    return (${codes.join(' | ')}) > 0x7f ? undefined : String.fromCharCode(${codes.join(', ')});`;
  try {
    // The source takes what a Taker takes and answers what it answers.
    return new Function('bytes', 'start', source) as Taker;
  } catch {
    // An EvalError of the content security policy.
    return undefined;
  }
}

function loopTaker(length: number): Taker {
  return (bytes, start) => {
    const codes = bytes.subarray(start, start + length);
    return codes.every((code) => code <= 0x7f) ? String.fromCharCode(...codes) : undefined;
  };
}
