/**
 * Codecs of choices: a tagged union of structs, and an enumeration of names. Both stand for a fixed set; a tag or number
 * that is not in it is refused.
 */
import type { Codec, Infer } from './codec.ts';
import { CodecError, enclosed, unknownName, unknownNumber } from './errors.ts';
import { withParts } from './parts.ts';
import type { Flat, StructCodec } from './struct.ts';
import { checkObject, type Values } from './struct-layout.ts';

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
  const choices = Object.entries(variants).map(([name, { tag, codec }]) => {
    return { name, tag, codec: codec.tagged(discriminant, name), schema: codec.schema };
  });
  const byName = new Map(choices.map((choice) => [choice.name, choice]));
  const byTag = new Map(choices.map((choice) => [choice.tag, choice]));
  checkNumbers(
    'union',
    choices.map(({ tag }) => tag),
  );
  return {
    schema: {
      kind: 'union',
      discriminant,
      variants: choices.map(({ name, tag, schema }) => ({ name, tag, schema })),
    },
    write(writer, value) {
      checkObject(value);
      const name: unknown = (value as Values)[discriminant];
      const choice = byName.get(name as string);
      if (choice === undefined)
        throw new CodecError('unknown_tag', 'write', `its ${discriminant} is ${String(name)}`);
      writer.u8(choice.tag);
      try {
        choice.codec.write(writer, value);
      } catch (error) {
        throw enclosed(error, choice.name);
      }
    },
    read(reader) {
      const tag = reader.u8();
      const choice = byTag.get(tag);
      if (choice === undefined)
        throw new CodecError('unknown_tag', 'read', `there is no variant with tag ${tag}`);
      try {
        // The discriminant and the variant's fields are what UnionValue is made of.
        return choice.codec.read(reader) as UnionValue<D, V>;
      } catch (error) {
        throw enclosed(error, choice.name);
      }
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
  const codec: Codec<keyof V & string> = {
    schema: { kind: 'enumeration', values: { ...values } },
    write(writer, value) {
      const number = byName.get(value);
      if (number === undefined) throw unknownName(value);
      writer.u8(number);
    },
    read(reader) {
      const number = reader.u8();
      const name = byNumber.get(number);
      if (name === undefined) throw unknownNumber(number);
      return name;
    },
  };
  return withParts(codec, { kind: 'enumeration', numbers: byName });
}

function checkNumbers(what: string, numbers: readonly number[]): void {
  if (numbers.length === 0) throw new TypeError(`Cannot make an empty ${what}`);
  if (new Set(numbers).size < numbers.length)
    throw new TypeError(`Cannot make a ${what} with the same number twice`);
  const unfit = numbers.find((number) => (number & 0xff) !== number);
  if (unfit !== undefined)
    throw new RangeError(`Cannot use the number ${unfit} in a ${what}: expected 0 to 255`);
}
