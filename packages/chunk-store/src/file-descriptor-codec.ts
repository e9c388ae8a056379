/**
 * How names and descriptors travel. What a decoder of these gives has passed the validator and the limits; nothing that
 * stores or shows it needs to check again.
 */
import { type Codec, fixedBytes, mapped, refine, struct, text, u32, varint } from '@minitorrent/wire-codec';
import { StoreError } from './errors.ts';
import { checkFileName, checkIdentifier } from './file-name.ts';
import { HASH_BYTES, MAX_FILE_NAME_BYTES, MAX_IDENTIFIER_BYTES } from './limits.ts';
import { checkDescriptor, type FileDescriptor } from './manifest.ts';

/** A file name that passes `checkFileName`. */
export const fileNameCodec: Codec<string> = refine(text({ maxBytes: MAX_FILE_NAME_BYTES }), {
  name: 'file name',
  check: (name) => checkFileName(name) === undefined,
});

/** The id of a user or group that passes `checkIdentifier`. */
export const identifierCodec: Codec<string> = refine(text({ maxBytes: MAX_IDENTIFIER_BYTES }), {
  name: 'identifier',
  check: (identifier) => checkIdentifier(identifier) === undefined,
});

/** A SHA-256 hash, copied out of the message so that it does not keep the whole of it in memory. */
const hashCodec: Codec<Uint8Array> = mapped(fixedBytes(HASH_BYTES), {
  name: 'hash',
  fromWire: (bytes) => bytes.slice(),
  toWire: (bytes) => bytes,
});

/** A descriptor within the limits; extensible, as everything that messages are made of. */
export const fileDescriptorCodec: Codec<FileDescriptor> = refine(
  struct({ name: fileNameCodec, size: varint, pieceLength: u32, root: hashCodec }, { extensible: true }),
  { name: 'file descriptor', check: isDescriptor },
);

function isDescriptor(descriptor: FileDescriptor): boolean {
  try {
    checkDescriptor(descriptor);
    return true;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}
