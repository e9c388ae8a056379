/**
 * What a codec is, and the two functions that use one on a whole message. A codec is a plain object: it can be made by
 * hand, passed around and described, and it keeps nothing between calls.
 */

import { Reader } from './reader.ts';
import type { Schema } from './schema.ts';
import { Writer } from './writer.ts';

/** How values of one type are laid out as bytes. */
export interface Codec<T> {
  readonly schema: Schema;
  /** Appends `value`; fails with a `CodecError` for a value that `read` would not accept. */
  write(writer: Writer, value: T): void;
  /** Takes one value off `reader`; fails with a `CodecError`. */
  read(reader: Reader): T;
}

/** The type of the values that a codec reads and writes. */
export type Infer<C extends Codec<unknown>> = ReturnType<C['read']>;

/** `value` as bytes in one buffer, which may be a view of a larger one. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = spare ?? new Writer();
  spare = undefined;
  try {
    codec.write(writer, value);
    return writer.finish();
  } finally {
    writer.discard();
    spare = writer;
  }
}

/** The one value that `bytes` hold; anything left over fails with `trailing_bytes`. Byte fields are views of `bytes`. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes);
  const value = codec.read(reader);
  reader.finish();
  return value;
}

/** A writer not in use, so that its slab serves many messages. It is taken while in use: a codec may itself call `encode`. */
let spare: Writer | undefined;
