/** Arbitraries for values that random bytes seldom are: names that pass the validator, and descriptors that fit together. */
import { choosePieceLength } from '@minitorrent/chunk-store';
import type { Codec } from '@minitorrent/wire-codec';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';

const name = fc
  .string({ unit: fc.constantFrom(...'abcxyzABC019-_.äé漢🎈'), minLength: 1, maxLength: 14 })
  .filter((text) => !/^\.+$|\.$/.test(text));

const descriptor = fc
  .record({ name, size: fc.nat({ max: 2 ** 34 }), root: fc.uint8Array({ minLength: 32, maxLength: 32 }) })
  .map((file) => ({ ...file, root: rootOf(file), pieceLength: choosePieceLength(file.size) }));

/** An empty file, and no other, has a root of zeros. */
function rootOf({ size, root }: { readonly size: number; readonly root: Uint8Array }): Uint8Array {
  return root.map((byte, at) => (size === 0 ? 0 : byte | (at === 0 ? 1 : 0)));
}

/** Any value that `codec` accepts, a message's or a journal's. */
export function wireValues<T>(codec: Codec<T>): fc.Arbitrary<T> {
  return arbitraryOf(codec, {
    maxLength: 8,
    named: {
      userId: () => name,
      groupId: () => name,
      fileName: () => name,
      'file descriptor': () => descriptor,
      entryVersion: () => fc.constant(1),
    },
  });
}
