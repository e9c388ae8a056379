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
