/**
 * Codecs of choices: a tagged union of structs, and an enumeration of names. Both stand for a fixed set; a tag or number
 * that is not in it is refused.
 */
import type { Codec, Infer } from './codec.ts';
import { CodecError, enclosed } from './errors.ts';
import type { Flat, StructCodec } from './struct.ts';

/** The variants of a union by name. A tag, 0 to 255, is never given to another variant. */
export type Variants = Readonly<
  Record<string, { readonly tag: number; readonly codec: StructCodec<unknown> }>
>;

/** The value of a union: one variant's struct with the discriminant that names it. */
export type UnionValue<D extends string, V extends Variants> = {
  [N in keyof V & string]: Flat<{ readonly [P in D]: N } & Infer<V[N]['codec']>>;
}[keyof V & string];

/** One byte with the variant's tag, then its struct. The value carries the variant's name as its property `discriminant`. */
export function union<const D extends string, const V extends Variants>(
  discriminant: D,
  variants: V,
): Codec<UnionValue<D, V>> {
  const byName = new Map(Object.entries(variants).map(([name, variant]) => [name, { name, ...variant }]));
  const byTag = new Map([...byName.values()].map((variant) => [variant.tag, variant]));
  checkNumbers(
    'union',
    [...byName.values()].map((variant) => variant.tag),
  );
  for (const variant of byName.values()) {
    if (variant.codec.schema.fields.some((field) => field.name === discriminant)) {
      throw new TypeError(
        `Cannot make a union by ${discriminant}: its variant ${variant.name} has a field of that name`,
      );
    }
  }
  return {
    schema: {
      kind: 'union',
      discriminant,
      variants: [...byName.values()].map(({ name, tag, codec }) => ({ name, tag, schema: codec.schema })),
    },
    write(writer, value) {
      const name: unknown = (value as Readonly<Record<string, unknown>> | null | undefined)?.[discriminant];
      const variant = byName.get(name as string);
      if (variant === undefined)
        throw new CodecError('unknown_tag', 'write', `its ${discriminant} is ${String(name)}`);
      writer.u8(variant.tag);
      try {
        variant.codec.write(writer, value);
      } catch (error) {
        throw enclosed(error, variant.name);
      }
    },
    read(reader) {
      const tag = reader.u8();
      const variant = byTag.get(tag);
      if (variant === undefined)
        throw new CodecError('unknown_tag', 'read', `there is no variant with tag ${tag}`);
      const value: Record<string, unknown> = { [discriminant]: variant.name };
      try {
        variant.codec.readInto(reader, value);
      } catch (error) {
        throw enclosed(error, variant.name);
      }
      // The discriminant and the variant's fields are what UnionValue is made of.
      return value as UnionValue<D, V>;
    },
  };
}

/** One of a set of names, as one byte. A number, 0 to 255, is never given to another name. */
export function enumeration<const V extends Readonly<Record<string, number>>>(
  values: V,
): Codec<keyof V & string> {
  const byName = new Map(Object.entries(values));
  const byNumber = new Map([...byName].map(([name, number]) => [number, name]));
  checkNumbers('enumeration', [...byName.values()]);
  return {
    schema: { kind: 'enumeration', values: { ...values } },
    write(writer, value) {
      const number = byName.get(value);
      if (number === undefined)
        throw new CodecError('unknown_value', 'write', `${String(value)} is not one of its names`);
      writer.u8(number);
    },
    read(reader) {
      const number = reader.u8();
      const name = byNumber.get(number);
      if (name === undefined)
        throw new CodecError('unknown_value', 'read', `${number} is not one of its numbers`);
      return name;
    },
  };
}

function checkNumbers(what: string, numbers: readonly number[]): void {
  if (numbers.length === 0) throw new TypeError(`Cannot make an empty ${what}`);
  if (new Set(numbers).size < numbers.length)
    throw new TypeError(`Cannot make a ${what} with the same number twice`);
  const unfit = numbers.find((number) => (number & 0xff) !== number);
  if (unfit !== undefined)
    throw new RangeError(`Cannot use the number ${unfit} in a ${what}: expected 0 to 255`);
}
