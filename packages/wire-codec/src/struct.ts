/**
 * The codec of objects with named fields: the fields' values in their order, without names.
 *
 * A plain struct is closed: its layout never changes. An extensible one stands behind its length, so that readers skip
 * fields they do not know yet, and take fields that an older writer did not know as undefined where they are optional.
 */
import type { Codec, Infer } from './codec.ts';
import { withParts } from './parts.ts';
import type { Reader } from './reader.ts';
import type { StructSchema } from './schema.ts';
import { compileStruct } from './struct-compiler.ts';
import { interpretStruct, type StructLayout, type StructMethods, type Values } from './struct-layout.ts';
import type { Writer } from './writer.ts';

/** The codecs of a struct by field name, in the order of the wire. */
export type Fields = Readonly<Record<string, Codec<unknown>>>;

/** The value of a struct: fields that can be undefined may be left out. */
export type StructValue<F extends Fields> = Flat<
  { readonly [N in keyof F as undefined extends Infer<F[N]> ? never : N]: Infer<F[N]> } & {
    readonly [N in keyof F as undefined extends Infer<F[N]> ? N : never]?: Infer<F[N]>;
  }
>;

/** An intersection as one object type. A conditional type, so that hints and declarations show the object itself. */
export type Flat<T> = T extends infer O ? { [K in keyof O]: O[K] } : never;

/** A codec of objects, which a union can use for one of its variants. */
export interface StructCodec<T> extends Codec<T> {
  readonly schema: StructSchema;
  /** The same layout for values that open with a property `discriminant` of value `name`, which is not written. */
  tagged(discriminant: string, name: string): Codec<unknown>;
}

/**
 * A struct of `fields`; `extensible` puts it behind its length as a u32. Fields keep their place for ever, and new ones
 * go last: they must be optional, so that a message from before them can still be read.
 */
export function struct<const F extends Fields>(
  fields: F,
  options?: { readonly extensible?: boolean },
): StructCodec<StructValue<F>> {
  const layout: StructLayout = {
    names: Object.keys(fields),
    codecs: Object.values(fields),
    extensible: options?.extensible ?? false,
  };
  layout.names.forEach(checkFieldName);
  const codec = Object.assign(structCodec(layout), {
    tagged(discriminant: string, name: string): Codec<unknown> {
      checkFieldName(discriminant);
      if (!layout.names.includes(discriminant))
        return structCodec({ ...layout, tag: { discriminant, name } });
      throw new TypeError(`Cannot tag a struct by ${discriminant}: ${name} has a field of that name`);
    },
  });
  // The field codecs, from which StructValue is inferred, read and accept each value.
  return codec as StructCodec<StructValue<F>>;
}

/** Names that mean nothing of their own to JavaScript, do not sort as numbers, and are safe in generated source. */
const FIELD_NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;

function checkFieldName(name: string): void {
  if (FIELD_NAME.test(name)) return;
  throw new TypeError(`Cannot name a field ${JSON.stringify(name)}: expected ${FIELD_NAME}`);
}

/** A codec that becomes what its layout asks for when it is first used: most of a contract's structs never are. */
function structCodec(layout: StructLayout): Codec<Values> & { readonly schema: StructSchema } {
  let methods: StructMethods | undefined;
  function become(): StructMethods {
    methods ??= compileStruct(layout) ?? interpretStruct(layout);
    Object.assign(codec, methods);
    return methods;
  }
  const codec = {
    schema: structSchema(layout),
    write: (writer: Writer, value: Values): void => become().write(writer, value),
    read: (reader: Reader): Values => become().read(reader),
  };
  return withParts(codec, { kind: 'struct', methods: become });
}

function structSchema({ names, codecs, extensible }: StructLayout): StructSchema {
  const fields = codecs.map((codec, index) => ({ name: names[index] as string, schema: codec.schema }));
  return { kind: 'struct', extensible, fields };
}
