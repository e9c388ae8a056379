/** The codec of text: strict UTF-8, which neither repairs nor replaces anything on the way out or in. */
import type { Codec } from './codec.ts';
import { CodecError } from './errors.ts';
import { checkLimit } from './limits.ts';

/**
 * A string of at most `maxBytes` bytes of UTF-8 behind its length as a varint. Lone surrogates, overlong forms and
 * whatever else is not Unicode text fail with `invalid_text`; a byte order mark is a character like any other.
 */
export function text(options: { readonly maxBytes: number }): Codec<string> {
  const maxBytes = checkLimit('maxBytes', options.maxBytes);
  return {
    schema: { kind: 'text', maxBytes },
    write: (writer, value) => writer.text(value, maxBytes),
    read: (reader) => reader.text(maxBytes),
  };
}

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
