/**
 * Values to test with, made from any codec: a fast-check arbitrary follows the codec's schema, so that a schema's
 * round-trip property takes three lines. It leans to the edges (empty, longest, extreme numbers) as fast-check does.
 */
import * as fc from 'fast-check';
import type { Codec } from './codec.ts';
import type { Schema } from './schema.ts';

export interface ArbitraryOptions {
  /** Longest text, bytes, list or map to make, whatever the codec allows; 32 unless told otherwise. */
  readonly maxLength?: number;
  /**
   * Replaces what is made for the refinements and mappings of these names, given the arbitrary of the values beneath: for a
   * check that random values seldom pass.
   */
  readonly named?: Readonly<Record<string, (beneath: fc.Arbitrary<unknown>) => fc.Arbitrary<unknown>>>;
}

/** Longer values seldom find more, and shrinking them takes long. */
const DEFAULT_MAX_LENGTH = 32;

/** An arbitrary of the values that `codec` accepts. */
export function arbitraryOf<T>(codec: Codec<T>, options?: ArbitraryOptions): fc.Arbitrary<T> {
  const { maxLength = DEFAULT_MAX_LENGTH, named = {} } = options ?? {};
  const arbitrary = made(codec.schema, { maxLength, named, levels: new Map() });
  if (arbitrary === undefined)
    throw new TypeError('Cannot make values of a recursive codec that has no smallest value');
  // The schema describes exactly the values that its codec accepts.
  return arbitrary as fc.Arbitrary<T>;
}

interface Maker {
  readonly maxLength: number;
  readonly named: NonNullable<ArbitraryOptions['named']>;
  /** How often each recursive schema may still be entered; absent before it was met. */
  readonly levels: ReadonlyMap<unknown, number>;
}

/** Levels of a recursive value to make at most: each may multiply the number of arbitraries. */
const MOST_LEVELS = 4;

/** Undefined where no value can be made because the levels of a recursive schema are used up. */
type Made = fc.Arbitrary<unknown> | undefined;

const NUMBERS = {
  u8: () => fc.nat(0xff),
  u16: () => fc.nat(0xffff),
  u32: () => fc.integer({ min: 0, max: 0xffff_ffff }),
  u64: () => fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  varint: () => fc.maxSafeNat(),
  boolean: () => fc.boolean(),
} as const;

function made(schema: Schema, maker: Maker): Made {
  switch (schema.kind) {
    case 'text':
      return madeText(schema.maxBytes, maker);
    case 'bytes':
      return fc.uint8Array({ maxLength: Math.min(schema.maxBytes, maker.maxLength) });
    case 'fixedBytes':
      return fc.uint8Array({ minLength: schema.length, maxLength: schema.length });
    case 'optional':
      return madeOptional(made(schema.of, maker));
    case 'list':
      return madeList(made(schema.of, maker), Math.min(schema.maxItems, maker.maxLength));
    case 'map':
      return madeMap(schema, maker);
    case 'struct':
      return madeStruct(schema, maker);
    case 'union':
      return madeUnion(schema, maker);
    case 'enumeration':
      return fc.constantFrom(...Object.keys(schema.values));
    case 'refined':
    case 'mapped':
      return madeNamed(schema, maker);
    case 'recursive':
      return madeRecursive(schema, maker);
    default:
      return NUMBERS[schema.kind]();
  }
}

type SchemaOf<K extends Schema['kind']> = Extract<Schema, { kind: K }>;

const encoder = new TextEncoder();

/** Half of it ASCII, which codecs treat apart; the rest any code points, some of which take four bytes. */
function madeText(maxBytes: number, maker: Maker): Made {
  const maxLength = Math.min(maxBytes, maker.maxLength);
  const any = fc.string({ unit: 'binary', maxLength });
  const fits = any.filter((value) => encoder.encode(value).length <= maxBytes);
  return fc.oneof(fc.string({ unit: 'binary-ascii', maxLength }), fits);
}

function madeOptional(of: Made): Made {
  return of === undefined ? fc.constant(undefined) : fc.option(of, { nil: undefined });
}

function madeList(of: Made, maxLength: number): Made {
  return of === undefined ? fc.constant([]) : fc.array(of, { maxLength });
}

function madeMap(schema: SchemaOf<'map'>, maker: Maker): Made {
  const key = made(schema.key, maker);
  const value = made(schema.value, maker);
  if (key === undefined || value === undefined) return fc.constant(new Map());
  const maxLength = Math.min(schema.maxItems, maker.maxLength);
  const entries = fc.uniqueArray(fc.tuple(key, value), { maxLength, selector: ([entryKey]) => entryKey });
  return entries.map((list) => new Map(list));
}

function madeStruct(schema: SchemaOf<'struct'>, maker: Maker): fc.Arbitrary<object> | undefined {
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const { name, schema: of } of schema.fields) {
    const field = made(of, maker);
    if (field === undefined) return undefined;
    fields[name] = field;
  }
  return fc.record(fields, { noNullPrototype: true });
}

function madeUnion(schema: SchemaOf<'union'>, maker: Maker): Made {
  const variants = schema.variants.flatMap(({ name, schema: of }) => {
    const fields = madeStruct(of, maker);
    return fields === undefined ? [] : [fields.map((value) => ({ [schema.discriminant]: name, ...value }))];
  });
  return variants.length === 0 ? undefined : fc.oneof(...variants);
}

function madeNamed(schema: SchemaOf<'refined' | 'mapped'>, maker: Maker): Made {
  const of = made(schema.of, maker);
  if (of === undefined) return undefined;
  const named = maker.named[schema.name];
  if (named !== undefined) return named(of);
  if (schema.kind === 'mapped') return of.map((wire) => schema.fromWire(wire));
  return of.filter((value) => schema.check(value));
}

function madeRecursive(schema: SchemaOf<'recursive'>, maker: Maker): Made {
  const of = schema.of();
  const left = maker.levels.get(of) ?? Math.min(schema.maxDepth, MOST_LEVELS);
  if (left === 0) return undefined;
  return made(of, { ...maker, levels: new Map(maker.levels).set(of, left - 1) });
}
