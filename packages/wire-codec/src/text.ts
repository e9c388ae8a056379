/** The codec of text: strict UTF-8, which neither repairs nor replaces anything on the way out or in. */
import type { Codec } from './codec.ts';
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
