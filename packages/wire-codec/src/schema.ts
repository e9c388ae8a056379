/**
 * A codec's description of itself as plain data: what arbitraries, documentation and checks are made from. It holds no
 * behaviour but the user's own functions (refinements and mappings).
 */

export type Schema =
  | { readonly kind: 'u8' | 'u16' | 'u32' | 'u64' | 'varint' | 'boolean' }
  | { readonly kind: 'text'; readonly maxBytes: number }
  | { readonly kind: 'bytes'; readonly maxBytes: number }
  | { readonly kind: 'fixedBytes'; readonly length: number }
  | { readonly kind: 'optional'; readonly of: Schema }
  | { readonly kind: 'list'; readonly of: Schema; readonly maxItems: number }
  | { readonly kind: 'map'; readonly key: Schema; readonly value: Schema; readonly maxItems: number }
  | StructSchema
  | UnionSchema
  | { readonly kind: 'enumeration'; readonly values: Readonly<Record<string, number>> }
  | RefinedSchema
  | MappedSchema
  | { readonly kind: 'recursive'; readonly of: () => Schema; readonly maxDepth: number };

export interface StructSchema {
  readonly kind: 'struct';
  readonly extensible: boolean;
  /** In the order of the wire. */
  readonly fields: readonly { readonly name: string; readonly schema: Schema }[];
}

export interface UnionSchema {
  readonly kind: 'union';
  /** The property of the value that names the variant. */
  readonly discriminant: string;
  readonly variants: readonly {
    readonly name: string;
    readonly tag: number;
    readonly schema: StructSchema;
  }[];
}

export interface RefinedSchema {
  readonly kind: 'refined';
  readonly name: string;
  readonly of: Schema;
  check(value: unknown): boolean;
}

export interface MappedSchema {
  readonly kind: 'mapped';
  readonly name: string;
  readonly of: Schema;
  fromWire(value: unknown): unknown;
}

const FIXED_BYTES = { u8: 1, u16: 2, u32: 4, u64: 8, varint: 1, boolean: 1 } as const;

/**
 * The fewest bytes that a value of `schema` takes on the wire: what bounds a list's length by the bytes that are left.
 * A recursive schema counts as one byte, which its codec makes sure of.
 */
export function minWireBytes(schema: Schema): number {
  switch (schema.kind) {
    case 'struct':
      return schema.extensible ? 4 : sum(schema.fields.map((field) => minWireBytes(field.schema)));
    case 'union':
      return 1 + Math.min(...schema.variants.map((variant) => minWireBytes(variant.schema)));
    case 'fixedBytes':
      return schema.length;
    case 'refined':
    case 'mapped':
      return minWireBytes(schema.of);
    case 'text':
    case 'bytes':
    case 'optional':
    case 'list':
    case 'map':
    case 'enumeration':
    case 'recursive':
      return 1;
    default:
      return FIXED_BYTES[schema.kind];
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
