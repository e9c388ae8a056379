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

/** The text from `start` to `end` if it is ASCII alone, eight characters a step; undefined otherwise. */
export function takeAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  // Never undefined: the caller has compared `end` with the length.
  const at = (index: number): number => bytes[index] as number;
  let text = '';
  let bits = 0;
  let index = start;
  for (; index + 8 <= end; index += 8) {
    const a = at(index);
    const b = at(index + 1);
    const c = at(index + 2);
    const d = at(index + 3);
    const e = at(index + 4);
    const f = at(index + 5);
    const g = at(index + 6);
    const h = at(index + 7);
    bits |= a | b | c | d | e | f | g | h;
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; index < end; index++) {
    bits |= at(index);
    text += String.fromCharCode(at(index));
  }
  return bits > 0x7f ? undefined : text;
}
