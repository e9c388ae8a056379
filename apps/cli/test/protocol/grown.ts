/**
 * The layouts of a later version: every extensible struct of a codec with one optional field more, which is what section
 * 16 of `PROTOCOL.md` lets later versions do.
 */
import {
  boolean,
  bytes,
  type Codec,
  enumeration,
  fixedBytes,
  list,
  type MapKey,
  map,
  mapped,
  optional,
  refine,
  type Schema,
  type StructCodec,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  varint,
} from '@minitorrent/wire-codec';
import { fromHex } from './values.ts';

type StructSchema = Extract<Schema, { kind: 'struct' }>;

const NUMBERS = { u8, u16, u32, u64, varint, boolean } as const;
const GROWTH = { addedLater: optional(text({ maxBytes: 20 })) };

/** The codec that a later version may have in the place of the one with this schema. */
export function grown(schema: Schema): Codec<unknown> {
  switch (schema.kind) {
    case 'struct':
      return grownStruct(schema);
    case 'union':
      return union(
        schema.discriminant,
        Object.fromEntries(
          schema.variants.map(({ name, tag, schema: of }) => [name, { tag, codec: grownStruct(of) }]),
        ),
      );
    case 'list':
      return list(grown(schema.of), schema);
    case 'optional':
      return optional(grown(schema.of));
    case 'map':
      // The schema is a codec's, whose keys can be keys.
      return map(grown(schema.key) as Codec<MapKey>, grown(schema.value), schema);
    case 'refined':
      return refine(grown(schema.of), schema);
    case 'mapped':
      return mapped(grown(schema.of), { ...schema, toWire: asBytes });
    case 'text':
      return text(schema);
    case 'bytes':
      return bytes(schema);
    case 'fixedBytes':
      return fixedBytes(schema.length);
    case 'enumeration':
      return enumeration(schema.values);
    case 'recursive':
      throw new TypeError('No message nests');
    default:
      return NUMBERS[schema.kind];
  }
}

/** `value`, of the present version, with the later version's fields filled in. */
export function withGrowth(schema: Schema, value: unknown): unknown {
  switch (schema.kind) {
    case 'struct':
      return { ...fieldsWithGrowth(schema, value), ...(schema.extensible ? { addedLater: 'new' } : {}) };
    case 'union': {
      const name = Reflect.get(asObject(value), schema.discriminant);
      const variant = schema.variants.find((one) => one.name === name);
      if (variant === undefined) throw new Error(`There is no variant ${String(name)}`);
      return { ...asObject(value), ...asObject(withGrowth(variant.schema, value)) };
    }
    case 'list':
      return Array.isArray(value) ? value.map((item) => withGrowth(schema.of, item)) : value;
    case 'optional':
      return value === undefined ? undefined : withGrowth(schema.of, value);
    case 'refined':
      return withGrowth(schema.of, value);
    default:
      return value;
  }
}

/** Where in a layout structs stand that can never grow. */
export function closedStructs(schema: Schema, path: string): readonly string[] {
  switch (schema.kind) {
    case 'struct': {
      const inside = schema.fields.flatMap(({ name, schema: of }) => closedStructs(of, `${path}.${name}`));
      return schema.extensible ? inside : [path, ...inside];
    }
    case 'union':
      return schema.variants.flatMap(({ name, schema: of }) => closedStructs(of, `${path}.${name}`));
    case 'list':
    case 'optional':
    case 'refined':
    case 'mapped':
      return closedStructs(schema.of, path);
    case 'map':
      return closedStructs(schema.value, path);
    default:
      return [];
  }
}

function grownStruct({ fields, extensible }: StructSchema): StructCodec<unknown> {
  const present = Object.fromEntries(fields.map(({ name, schema }) => [name, grown(schema)]));
  return struct(extensible ? { ...present, ...GROWTH } : present, { extensible });
}

function fieldsWithGrowth({ fields }: StructSchema, value: unknown): object {
  const object = asObject(value);
  return Object.fromEntries(
    fields.map(({ name, schema }) => [name, withGrowth(schema, Reflect.get(object, name))]),
  );
}

/** What messages map are bytes: hashes, which stay what they are, and ids of stores, which become hexadecimal. */
function asBytes(value: unknown): unknown {
  return typeof value === 'string' ? fromHex(value) : value;
}

function asObject(value: unknown): object {
  if (typeof value === 'object' && value !== null) return value;
  throw new TypeError(`Expected an object, found ${typeof value}`);
}
