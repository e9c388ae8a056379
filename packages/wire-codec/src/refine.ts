/**
 * Codecs with a meaning beyond their layout: refinements, which accept some of the values, and mappings, which give them
 * another form. What the user's functions throw is a `refused`, so that no input from outside surprises the caller.
 */
import type { Codec } from './codec.ts';
import { refusal, unfit } from './errors.ts';
import { withParts } from './parts.ts';

/** `codec` for values that pass `check`, checked both ways. A type guard brands the value's type. */
export function refine<T, B extends T>(
  codec: Codec<T>,
  refinement: { readonly name: string; readonly check: (value: T) => value is B },
): Codec<B>;
export function refine<T>(
  codec: Codec<T>,
  refinement: { readonly name: string; readonly check: (value: T) => boolean },
): Codec<T>;
export function refine<T>(
  codec: Codec<T>,
  { name, check }: { readonly name: string; readonly check: (value: T) => boolean },
): Codec<T> {
  function checked(action: 'read' | 'write', value: T): T {
    if (attempt(action, name, () => check(value))) return value;
    throw refusal(action, name);
  }
  const refined: Codec<T> = {
    schema: { kind: 'refined', name, of: codec.schema, check: check as (value: unknown) => boolean },
    write: (writer, value) => codec.write(writer, checked('write', value)),
    read: (reader) => checked('read', codec.read(reader)),
  };
  return withParts(refined, { kind: 'refined', of: codec, name, check });
}

/** `codec` with its values in another form. The two functions are total and undo each other. */
export function mapped<W, T>(
  codec: Codec<W>,
  mapping: { readonly name: string; readonly fromWire: (wire: W) => T; readonly toWire: (value: T) => W },
): Codec<T> {
  const { name, fromWire, toWire } = mapping;
  const codecOfBoth: Codec<T> = {
    schema: { kind: 'mapped', name, of: codec.schema, fromWire: fromWire as (wire: unknown) => unknown },
    write: (writer, value) =>
      codec.write(
        writer,
        attempt('write', name, () => toWire(value)),
      ),
    read(reader) {
      const wire = codec.read(reader);
      return attempt('read', name, () => fromWire(wire));
    },
  };
  return withParts(codecOfBoth, { kind: 'mapped', of: codec, name, fromWire, toWire });
}

function attempt<R>(action: 'read' | 'write', name: string, task: () => R): R {
  try {
    return task();
  } catch (cause) {
    throw unfit(action, name, cause);
  }
}
