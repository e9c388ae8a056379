/** The codec of values that hold values of their own kind, such as trees, to a bounded depth. */
import type { Codec } from './codec.ts';
import { checkLimit, DEFAULT_MAX_DEPTH } from './limits.ts';
import { minWireBytes } from './schema.ts';

/** The codec that `resolve` answers, which may use this one inside. Deeper than `maxDepth` fails with `too_deep`. */
export function recursive<T>(resolve: () => Codec<T>, options?: { readonly maxDepth?: number }): Codec<T> {
  const maxDepth = checkLimit('maxDepth', options?.maxDepth ?? DEFAULT_MAX_DEPTH);
  let resolved: Codec<T> | undefined;
  function codec(): Codec<T> {
    resolved ??= checkResolved(resolve());
    return resolved;
  }
  return {
    schema: { kind: 'recursive', of: () => codec().schema, maxDepth },
    write(writer, value) {
      writer.descend(maxDepth);
      codec().write(writer, value);
      writer.ascend();
    },
    read(reader) {
      reader.descend(maxDepth);
      const value = codec().read(reader);
      reader.ascend();
      return value;
    },
  };
}

function checkResolved<T>(codec: Codec<T>): Codec<T> {
  if (minWireBytes(codec.schema) > 0) return codec;
  throw new TypeError('Cannot make a recursive codec of values that may take no bytes');
}
