/** Codecs of raw bytes. Both read views of the input: who keeps a few bytes of a large message should copy them. */
import type { Codec } from './codec.ts';
import { CodecError } from './errors.ts';
import { checkLimit } from './limits.ts';

/** At most `maxBytes` bytes behind their length as a varint. */
export function bytes(options: { readonly maxBytes: number }): Codec<Uint8Array> {
  const maxBytes = checkLimit('maxBytes', options.maxBytes);
  return {
    schema: { kind: 'bytes', maxBytes },
    write(writer, value) {
      if (value instanceof Uint8Array) {
        if (value.length > maxBytes) throw tooLong(value.length, maxBytes);
        writer.varint(value.length);
      }
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(reader.length(maxBytes)),
  };
}

/** Exactly `length` bytes, with nothing before them: hashes, keys, ids. */
export function fixedBytes(length: number): Codec<Uint8Array> {
  checkLimit('length', length);
  return {
    schema: { kind: 'fixedBytes', length },
    write(writer, value) {
      if (value instanceof Uint8Array && value.length !== length) throw wrongLength(value.length, length);
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(length),
  };
}

function tooLong(length: number, maxBytes: number): CodecError {
  return new CodecError('too_long', 'write', `it has ${length} bytes, at most ${maxBytes} are allowed`);
}

function wrongLength(length: number, wanted: number): CodecError {
  return new CodecError('wrong_length', 'write', `it has ${length} bytes, expected ${wanted}`);
}
