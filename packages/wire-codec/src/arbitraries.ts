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

/** An arbitrary of the values that `codec` accepts. */
export function arbitraryOf<T>(codec: Codec<T>, options?: ArbitraryOptions): fc.Arbitrary<T> {
  const maker: Maker = { maxLength: options?.maxLength ?? 32, named: options?.named ?? {}, depth: 0 };
  // The schema describes exactly the values that its codec accepts.
  return ofSchema(codec.schema, maker) as fc.Arbitrary<T>;
}

interface Maker {
  readonly maxLength: number;
  readonly named: NonNullable<ArbitraryOptions['named']>;
  readonly depth: number;
}

const NUMBERS = {
  u8: () => fc.nat(0xff),
  u16: () => fc.nat(0xffff),
  u32: () => fc.integer({ min: 0, max: 0xffff_ffff }),
  u64: () => fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  varint: () => fc.maxSafeNat(),
  boolean: () => fc.boolean(),
} as const;

function ofSchema(schema: Schema, maker: Maker): fc.Arbitrary<unknown> {
  switch (schema.kind) {
    case 'text':
      return ofText(schema.maxBytes, maker);
    case 'bytes':
      return ofBytes(0, Math.min(schema.maxBytes, maker.maxLength));
    case 'fixedBytes':
      return ofBytes(schema.length, schema.length);
    case 'optional':
      return fc.option(ofSchema(schema.of, maker), { nil: undefined });
    case 'list':
      return fc.array(ofSchema(schema.of, maker), { maxLength: Math.min(schema.maxItems, maker.maxLength) });
    case 'map':
      return ofMap(schema, maker);
    case 'struct':
      return fc.record(
        Object.fromEntries(schema.fields.map((field) => [field.name, ofSchema(field.schema, maker)])),
      );
    case 'union':
      return ofUnion(schema, maker);
    case 'enumeration':
      return fc.constantFrom(...Object.keys(schema.values));
    case 'refined':
    case 'mapped':
      return ofNamed(schema, maker);
    case 'recursive':
      return ofRecursive(schema, maker);
    default:
      return NUMBERS[schema.kind]();
  }
}

type SchemaOf<K extends Schema['kind']> = Extract<Schema, { kind: K }>;

const encoder = new TextEncoder();

function ofText(maxBytes: number, maker: Maker): fc.Arbitrary<string> {
  const maxLength = Math.min(maxBytes, maker.maxLength);
  const any = fc
    .string({ unit: 'binary', maxLength })
    .filter((value) => encoder.encode(value).length <= maxBytes);
  return fc.oneof(fc.string({ unit: 'binary-ascii', maxLength }), any);
}

function ofBytes(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

function ofMap(schema: SchemaOf<'map'>, maker: Maker): fc.Arbitrary<unknown> {
  const entry = fc.tuple(ofSchema(schema.key, maker), ofSchema(schema.value, maker));
  const maxLength = Math.min(schema.maxItems, maker.maxLength);
  return fc.uniqueArray(entry, { maxLength, selector: ([key]) => key }).map((entries) => new Map(entries));
}

function ofUnion(schema: SchemaOf<'union'>, maker: Maker): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...schema.variants.map((variant) =>
      ofSchema(variant.schema, maker).map((value) => ({
        [schema.discriminant]: variant.name,
        ...(value as object),
      })),
    ),
  );
}

function ofNamed(schema: SchemaOf<'refined' | 'mapped'>, maker: Maker): fc.Arbitrary<unknown> {
  const beneath = ofSchema(schema.of, maker);
  const named = maker.named[schema.name];
  if (named !== undefined) return named(beneath);
  if (schema.kind === 'mapped') return beneath.map((wire) => schema.fromWire(wire));
  return beneath.filter((value) => schema.check(value));
}

/** Below `maxDepth` levels anything; the last levels are made until one is a leaf, which a recursive schema must have. */
function ofRecursive(schema: SchemaOf<'recursive'>, maker: Maker): fc.Arbitrary<unknown> {
  return ofSchema(schema.of(), maker);
}
